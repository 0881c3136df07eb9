# make run     start the daemon on config.yaml, installing what running needs
# make test    all tests, installing what testing needs
# make quick   format, lint, types, the tests of pure modules and of HTTP: a minute, for every day
# make attacks floods, worst inputs and bad moments, at a live daemon: minutes
# make fuzz    any bytes to all that reads what strangers send; SECONDS=600 for all targets together
# make mutants do the tests of the pure modules notice each error? MODULES=pyxie.dhcp.message …: hours for all
# make e2e     each kind of firmware boots, in virtual machines, and a table of how long it took
# make demo    watch a virtual machine being booted and installed
# make screenshots   the pictures that README.md and docs/page.md show, anew
# make check   format, lint, types, coverage, tests; CI runs the shortest of make e2e as well
# make cover   is each pure module covered by its own tests?
# make format  put the code in shape
# make unit    the systemd unit's security score
# make bench   speed beside peers, as root, in a quarter of an hour; writes the table of docs/speed.md
# make lock    renew the lock files

PYTHON ?= python3
PY := .venv/bin/python
# One more than CI has cores: virtual machines wait for their firmware's patience.
WORKERS ?= 3
# What make e2e runs: all, or the "shortest" (tests/e2e/scenarios.py).
SCENARIOS ?= scenario
# How long make fuzz takes, all targets together.
SECONDS ?= 600

RUN_PACKAGES := ipxe
LAB_PACKAGES := $(RUN_PACKAGES) ipxe-qemu qemu-system-x86 ovmf dnsmasq-base iproute2 \
	debian-installer-12-netboot-amd64 busybox-static curl
TEST_PACKAGES := $(LAB_PACKAGES) memtest86+ systemd-boot-efi binutils sbsigntool atftp tshark nftables nginx-light \
	kea-dhcp4-server isc-dhcp-server \
	debconf systemd udev util-linux mount procps gnupg gpgv sqv \
	apt dpkg cloud-init ignition libxml2-utils shellcheck shfmt openssl \
	xorriso genisoimage \
	chromium fonts-dejavu-core \
	golang-go golang-github-flosch-pongo2.v4-dev python3-cheetah
# Machines that make e2e boots beside those of make test.
E2E_PACKAGES := $(TEST_PACKAGES) qemu-system-arm qemu-efi-aarch64 debian-installer-12-netboot-arm64

QUICK := tests/advice tests/builds tests/config tests/dhcp tests/events tests/http \
	tests/images tests/loaders tests/recognition tests/registry tests/wiping \
	tests/tftp/test_packet.py tests/tftp/test_transfer.py tests/test_architecture.py

.PHONY: run test attacks fuzz mutants e2e quick demo screenshots check lint format types cover unit bench lock clean

run: .venv/run
	@packaging/need-packages --optional $(RUN_PACKAGES)
	$(PY) -m pyxie serve --config config.yaml

# Also where the environment says that nothing that is compiled be kept: three workers and hundreds
# of programs would compile the same again. (Empty is unset, to Python.)
test e2e quick: export PYTHONDONTWRITEBYTECODE =

test: .venv/test
	@packaging/need-packages $(TEST_PACKAGES)
	@$(PY) -m tests.lab.modules
	$(PY) -m pytest -n $(WORKERS) --dist worksteal --max-worker-restart 2 $(TESTS)

attacks: .venv/test
	@packaging/need-packages $(TEST_PACKAGES)
	$(PY) -m pytest -n 0 -m attack $(or $(TESTS),tests/attacks)

fuzz: .venv/fuzz
	$(PY) -m tests.fuzz --seconds $(SECONDS) $(TARGETS)

mutants: .venv/test
	$(PY) -m tests.mutation $(MODULES)

# One machine a core: what the table tells is to mean something.
e2e: .venv/test
	@packaging/need-packages $(E2E_PACKAGES)
	@$(PY) -m tests.lab.modules
	$(PY) -m pytest -n 2 --dist worksteal -m $(SCENARIOS) $(or $(TESTS),tests/e2e)

quick: lint types
	$(PY) -m pytest -q -n 2 --dist worksteal --hypothesis-profile=quick \
		-m "not slow and not e2e and not interop" $(QUICK)

demo: .venv/test
	@packaging/need-packages $(LAB_PACKAGES)
	@$(PY) -m tests.lab.demo

screenshots: .venv/test
	@packaging/need-packages chromium fonts-dejavu-core
	$(PY) -m tests.browser.screenshots

check: lint types cover
	$(MAKE) test
	$(MAKE) attacks

lint: .venv/test
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

types: .venv/test
	$(PY) -m mypy

cover: .venv/test
	$(PY) -m tests.cover

format: .venv/test
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

unit:
	systemd-analyze security --no-pager --offline=true packaging/systemd/pyxie*.service

# Some of the peers conflict with one another in Debian, and all would be started: they are unpacked.
bench: .venv/test
	@packaging/need-packages dnsmasq-base nginx-light iproute2 wrk gcc libc6-dev libwrap0 libpcre2-8-0
	@packaging/unpack-packages .venv/peers tftpd-hpa atftpd
	$(PY) -m bench $(or $(BENCH),--json docs/speed.json --chart docs/pictures/speed.svg --page docs/speed.md)

# The lock files carry versions and hashes; where the packages come from is the user's choice.
.venv/run: requirements.lock pyproject.toml
	@packaging/need-python $(PYTHON)
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/test: requirements-dev.lock .venv/run
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.venv/fuzz: requirements-fuzz.lock .venv/test
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	@touch $@

LOCK := -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml

lock: .venv/test
	$(PY) -m pip install --quiet uv
	$(PY) $(LOCK) --group build --upgrade -o requirements.lock
	$(PY) $(LOCK) --group build --extra test --extra check -c requirements.lock \
		-o requirements-dev.lock
	$(PY) $(LOCK) --extra fuzz -c requirements-dev.lock -o requirements-fuzz.lock

clean:
	rm -rf .venv dist state .mypy_cache .pytest_cache .ruff_cache .hypothesis
