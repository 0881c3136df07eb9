"""What a stranger can make, and how much of it there can be: every bound, in one table.

A bound that a setting changes has its default here too; tests hold the two, the modules that
keep to it, and the table in docs/operate.md to each other. Each counts how often it was reached:
``pyxie_bound_reached_total`` in /metrics.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Bound:
    """The most that there can be of something.

    Attributes:
        name: Its label in /metrics.
        most: How much; where `setting` is given, the setting's default.
        unit: Of what, as ``transfers`` or ``s``.
        beyond: What becomes of more, in a few words.
        setting: The key in ``config.yaml`` that changes it; empty if it is fixed.
        times: How often it was reached since the start.
    """

    name: str
    most: float
    unit: str
    beyond: str
    setting: str = ""
    times: int = 0

    def reached(self, times: int = 1) -> None:
        """Count what it refused, dropped, forgot or ended."""
        self.times += times

    @property
    def whole(self) -> int:
        """How much, where halves make no sense."""
        return int(self.most)


# Connections over HTTP

HTTP_PER_ADDRESS = Bound(
    "http_per_address", 512, "connections from one address", "closed", "limits.http_per_address"
)
HTTP_PER_NETWORK = Bound(
    "http_per_network",
    2048,
    "connections from one IPv6 /64, or from the link-local addresses of an interface: half of all",
    "a slow one makes room",
)
HTTP_TOTAL = Bound(
    "http_total", 4096, "connections of machines", "a slow one makes room", "limits.http_total"
)
HTTP_ALLOWED = Bound(
    "http_allowed",
    4096,
    "connections of the networks in `api.allow`",
    "a slow one makes room",
    "limits.http_total",
)
HTTP_HOST = Bound("http_host", 1024, "connections of this host itself", "a slow one makes room")
ACCEPTED = Bound("http_accepted", 16, "connections begun at once", "wait, each address in turn")
ARRIVALS = Bound(
    "http_arrivals", 2048, "connections that wait to be begun", "the newest of who has most closed"
)
DESCRIPTORS = Bound("descriptors", 65_536, "open files, or what the host gives", "wait or refused")
HTTP_FIRST_REQUEST = Bound("http_first_request", 30, "s for a connection's first request", "closed")
HTTP_HEAD = Bound(
    "http_head", 16_384, "bytes of a request's head, or of a body's trailers", "closed"
)
HTTP_STILL = Bound(
    "http_still", 60, "s without a byte taken, or sent of a request's body", "closed"
)
HTTP_BODY_PACE = Bound(
    "http_body_pace", 500, "bytes a second of a request's body at least, after a minute", "closed"
)
HTTP_IDLE = Bound("http_idle", 75, "s between two requests of a connection", "closed")
HTTP_FOLLOWERS = Bound("http_followers", 64, "clients that follow events", "refused: 503")

HTTP_REFUSALS = Bound(
    "http_refusals", 100, "answers a second to one address that are errors", "wait"
)

HEADS_KNOWN = Bound("heads_known", 256, "heads of requests that are known again", "read anew")
HEAD_KNOWN = Bound("head_known", 1024, "bytes of one", "read anew")
HTTP_READY = Bound("http_ready", 8192, "answers to machines that are kept as bytes", "made anew")
HTTP_READY_HEADS = Bound("http_ready_heads", 4, "of them to one machine", "the oldest is made anew")
HTTP_AT_HAND = Bound("http_at_hand", 32, "images kept open", "the oldest is opened anew")
HTTP_AHEAD = Bound("http_ahead", 2, "requests of a connection sent before their turn", "wait")
HTTP_UNREAD = Bound("http_unread", 32_768, "bytes of a connection, read and not yet used", "wait")

# The page

PAGES = Bound("pages", 128, "pages that are open", "not told what changes: 503")
PAGE_LINGERS = Bound(
    "page_lingers", 30, "s for which is kept what changes on a screen that was left", "sent whole"
)
PAGE_REGIONS = Bound(
    "page_regions", 1024, "parts of a screen that change, while it is open", "it is sent whole"
)
PAGE_KEPT = Bound("page_kept", 2_097_152, "letters of them that are kept", "it is sent whole")
PAGE_SAID = Bound(
    "page_said", 5, "s between two sentences to a screen reader", "counted in the next"
)

# Requests over HTTP

BODY_LENGTH = Bound("body_length", 65_536, "bytes of a body, if no other row is of it", "413")
BODY_VALUES = Bound("body_values", 5_000, "keys and values of a body", "400")
ANSWER_LENGTH = Bound(
    "answer_length", 16_384, "bytes that a machine says of itself for its answer file", "413"
)
ANSWER_VALUES = Bound("answer_values", 1_000, "keys and values of them", "400")
BUILDS_LENGTH = Bound("builds_length", 524_288, "bytes of a call for many builds", "413")
BUILDS_VALUES = Bound("builds_values", 20_000, "keys and values of a call for many builds", "400")
PATTERNS = Bound("patterns", 100, "patterns of hostnames in one call", "400")
FAILURE_LENGTH = Bound("failure_length", 1_048_576, "bytes of a failure with its log, JSON", "413")
LOG_LENGTH = Bound("log_length", 67_108_864, "bytes of an installer's log", "413")
LOG_KEPT = Bound("log_kept", 65_536, "bytes kept of an installer's log, its last", "dropped")
BUILD_BODY_LENGTH = Bound("build_body_length", 65_536, "bytes said of a build", "413")
BUILD_BODY_VALUES = Bound("build_body_values", 5_000, "keys and values said of a build", "400")

# Who signs in to the page

SESSIONS = Bound(
    "sessions", 1000, "browsers that are signed in", "one of the token with most is signed out"
)
SESSIONS_OF_TOKEN = Bound(
    "sessions_of_token",
    50,
    "browsers that are signed in with one token",
    "who was idle for longest is signed out",
)
SESSION_IDLE = Bound("session_idle", 28_800, "s of a session without a request", "signed out")
SESSION_AGE = Bound("session_age", 604_800, "s of a session", "signed out")
SIGN_IN_LENGTH = Bound("sign_in_length", 4096, "bytes of the form to sign in", "413")
WRONG_TOKENS_EACH = Bound(
    "wrong_tokens_each", 10, "wrong tokens a minute of one address that signs in", "429"
)
WRONG_TOKENS = Bound(
    "wrong_tokens",
    300,
    "wrong tokens a minute of all that sign in; this host and `api.allow` apart",
    "429",
)

# Files and texts in YAML

YAML_LENGTH = Bound("yaml_length", 1_048_576, "bytes of a file", "refused")
YAML_FORM = Bound("yaml_form", 3_211_264, "bytes of a form of the page with a file in it", "413")
YAML_VALUES = Bound("yaml_values", 20_000, "keys and values of a file", "refused")
YAML_DEPTH = Bound("yaml_depth", 100, "levels of nesting", "refused")
YAML_DIRECTIVES = Bound("yaml_directives", 64, "lines that begin with %", "refused")
YAML_PROBLEMS = Bound("yaml_problems", 100, "mistakes told of a file", "counted")
YAML_KEPT = Bound("yaml_kept", 16_777_216, "bytes of files' nodes", "forgotten, and made again")

# What templates give an installer, read for what it wipes

WIPING_LENGTH = Bound("wiping_length", 262_144, "bytes of a text that is read for it", "a doubt")
WIPING_PACKED = Bound("wiping_packed", 262_144, "bytes that are unpacked of such a text", "a doubt")
WIPING_COMMANDS = Bound("wiping_commands", 10_000, "commands of a script in such a text", "a doubt")
WIPING_VALUES = Bound("wiping_values", 50_000, "keys and values of such a text", "a doubt")

# DHCP

DHCP_PER_MAC = Bound(
    "dhcp_per_mac", 20, "requests a second of one MAC address", "dropped", "limits.dhcp_per_mac"
)
DHCP_BEYOND = Bound(
    "dhcp_beyond",
    50,
    "requests a second of a known machine, beyond those",
    "read with those of strangers for ten seconds",
)
DHCP_LOUD = Bound("dhcp_loud", 1024, "known machines of which that is so at once", "read as before")
DHCP_STRANGERS = Bound(
    "dhcp_strangers", 100, "requests a second of unknown machines on one interface", "dropped"
)
DHCP_BACKLOG = Bound(
    "dhcp_backlog", 1024, "requests that wait to be looked at", "the oldest is dropped"
)
DHCP_UNANSWERED = Bound(
    "dhcp_unanswered", 256, "requests that wait for news", "the oldest is forgotten"
)
DHCP_SHAPES = Bound(
    "dhcp_shapes", 256, "kinds of requests whose answer is ready", "all are made anew"
)
DHCP_READY = Bound("dhcp_ready", 8192, "machines whose answer is ready", "the oldest is made anew")
DHCP_CHAINS = Bound(
    "dhcp_chains", 4096, "machines that were handed our iPXE", "the oldest is forgotten"
)
SECURE_BOOT_KNOWN = Bound(
    "secure_boot_known",
    20_000,
    "known machines whose Secure Boot is known",
    "what was learnt first is forgotten",
)
SECURE_BOOT_OTHERS = Bound(
    "secure_boot_others",
    4096,
    "other machines whose Secure Boot is known",
    "what was learnt first is forgotten",
)
SHIMS = Bound(
    "shims", 4096, "clients that were given a shim within two minutes", "the oldest forgotten"
)
DHCP_SIGHTINGS = Bound(
    "dhcp_sightings",
    4096,
    "known machines of which is kept what makes no event",
    "the oldest is forgotten",
)
DHCP_DESTINATIONS = Bound(
    "dhcp_destinations",
    50,
    "new addresses a second that are answered directly, for known machines and for others",
    "not answered",
)
DHCP_REPLIES = Bound(
    "dhcp_replies", 500, "replies of other DHCP servers a second that are read", "dropped"
)
DHCP_TAKEN = Bound(
    "dhcp_taken",
    100,
    "requests a second that are read for whose offer was taken, of known machines and of others",
    "not read",
)
DHCP_SERVERS = Bound(
    "dhcp_servers", 64, "other DHCP and PXE servers", "the longest unheard is forgotten"
)
DHCP_LESSEES = Bound(
    "dhcp_lessees",
    4096,
    "known machines whose DHCP server is remembered, and as many others",
    "the oldest is forgotten",
)
DHCP_LEASES = Bound(
    "dhcp_leases", 16_384, "addresses that `dhcp.mode: serve` gives", "refused, or not shown"
)
DHCP_SERVER_LINES = Bound(
    "dhcp_server_lines", 20, "lines of 16 KiB that its DHCP server logs", "not written"
)
DHCP_LINES = Bound(
    "dhcp_log_lines", 20, "log lines a minute, of each fault of unknown clients", "not written"
)

PROBE_ANSWERS = Bound("probe_answers", 64, "answers to a probe of the network", "left out")
DOCTOR_OUTPUT = Bound(
    "doctor_output", 16 << 20, "bytes that `pyxie doctor` takes of another program", "not looked at"
)
PROBE_BROKEN = Bound("probe_broken", 16, "answers to a probe that are none", "left out")
PROBE_LOADER = Bound(
    "probe_loader", 16 << 20, "bytes of a boot loader that a probe fetches", "broken off"
)
PROBE_SCRIPT = Bound("probe_script", 65_536, "bytes of a script that a probe reads", "not read")
PROBE_SECONDS = Bound("probe_seconds", 60, "s for a file that a probe fetches", "given up")

# Unknown machines

IDENTITIES = Bound(
    "identities", 4096, "clients whose reports are remembered", "the oldest is forgotten"
)
DISCOVERED = Bound(
    "discovered", 1000, "unknown machines, and as many seen again", "the longest unseen forgotten"
)
UNKNOWN_HOOKS_WAITING = Bound(
    "unknown_hooks_waiting", 256, "unknown machines whose hooks wait", "dropped"
)
UNKNOWN_HOOKS_PENDING = Bound(
    "unknown_hooks_pending", 32, "unknown machines whose hooks are to be run", "waits"
)
CHOSEN = Bound("chosen", 1000, "choices in unknown machines' menus", "the oldest is forgotten")

# TFTP

TFTP_PER_ADDRESS = Bound(
    "tftp_per_address", 256, "transfers of one address", "refused", "limits.tftp_per_address"
)
TFTP_TOTAL = Bound("tftp_total", 4096, "transfers", "a slow one makes room", "limits.tftp_total")
TFTP_NEWCOMERS = Bound(
    "tftp_newcomers", 100, "requests a second of addresses never heard again", "dropped"
)
TFTP_REQUESTS = Bound("tftp_requests", 200, "requests a second of one address", "dropped")
TFTP_UNHEARD = Bound(
    "tftp_unheard",
    1000,
    "transfers whose clients have said nothing yet",
    "the oldest of the address with most of them is ended",
)
TFTP_PORT = Bound("tftp_port", 512, "transfers by one port of ours", "by the next one")
TFTP_FILES_APART = Bound(
    "tftp_files_apart",
    64,
    "files that the process for big TFTP transfers has open",
    "sent by the event loop",
)
TFTP_STARTS = Bound(
    "tftp_starts",
    3,
    "starts a minute of the process for big TFTP transfers",
    "these go by the event loop",
)
TFTP_FETCHING = Bound(
    "tftp_fetching", 64, "TFTP requests that wait for other servers, 8 a machine", "refused"
)
TFTP_KEPT = Bound("tftp_kept", 32, "files kept open for a second", "the oldest is opened anew")
TFTP_LINES = Bound("tftp_log_lines", 300, "log lines a minute of failed transfers", "not written")

# Threads, by the kind of what they do

THREADS = Bound("threads", 4, "threads for one kind of work", "waits for one")
THREADS_WAITING = Bound(
    "threads_waiting", 4096, "pieces of work that wait for a thread of their kind", "answered 503"
)
MANAGEMENT_WAITING = Bound(
    "management_waiting", 256, "calls of management that wait for a thread", "answered 503"
)
WRITERS = Bound("writers", 16, "threads that send the files of one folder", "waits for one")
WRITING = Bound("writing", 10_000, "files of one folder that are being sent", "cut off")
THREADS_PATIENCE = Bound(
    "threads_patience", 30, "s for a piece of work in a thread", "answered 503"
)

# Files that are served

TFTP_AHEAD = Bound(
    "tftp_ahead", 512, "times 128 kB read ahead for TFTP in memory", "the oldest is forgotten"
)
TFTP_FRAMES = Bound(
    "tftp_frames", 256, "times 128 kB of TFTP's packets, made once for all", "the oldest made anew"
)

LETTER_CASE_NAMES = Bound(
    "letter_case_names", 100_000, "names kept of folders that are served", "exact names only"
)

# Images and other servers

FETCH_REDIRECTS = Bound("fetch_redirects", 10, "redirects of one fetch", "answered 502")
FETCH_PYXIES = Bound("fetch_pyxies", 4, "pyxies that one fetch goes through", "answered 502")
FETCH_CONNECT = Bound("fetch_connect", 10, "s to connect to another server", "answered 502")
IMAGE_FIRST_BYTE = Bound(
    "image_first_byte", 300, "s for the first byte of an image", "answered 502", "limits.first_byte"
)
IMAGE_NEXT = Bound(
    "image_next", 10, "s for the same, where another mirror has it, too", "that one is asked"
)
IMAGE_AHEAD = Bound(
    "image_ahead", 16384, "bytes of an image ahead of its client", "waits for the client"
)
IMAGE_LARGE = Bound(
    "image_large", 32, "clients with 256 KiB of an image ahead of them", "has small pieces"
)
IMAGE_FETCHES = Bound(
    "image_fetches", 32, "files that are fetched into the image store at once", "a slow one ends"
)
IMAGE_WRITTEN = Bound(
    "image_written", 524_288, "bytes of one that wait to be written", "waits for the disk"
)
IMAGE_PARTS = Bound(
    "image_parts", 64, "files in the image store that were broken off", "the oldest is removed"
)
IMAGE_COPIES = Bound(
    "image_copies", 10_000, "files in the image store", "the longest unused is removed"
)
IMAGE_SPARE = Bound(
    "image_spare", 268_435_456, "bytes of its disk that are left free", "streamed past it"
)
IMAGE_READY = Bound(
    "image_store_ready", 32, "copies kept open for a second", "the oldest is opened anew"
)
IMAGE_CHECK = Bound(
    "image_check", 5, "s for a server to say whether a kept file has changed", "the copy is served"
)
IMAGE_ABSENT = Bound(
    "image_absent",
    10,
    "s in which a file that its server does not have is not asked for again",
    "404",
)
IMAGE_DOUBT = Bound(
    "image_doubt",
    60,
    "s in which a mirror is not asked again for a file that was wrong",
    "the next is",
)
IMAGE_REFUSALS = Bound(
    "image_refusals", 4096, "files in memory of either kind", "the oldest is forgotten"
)
PREFETCHES = Bound(
    "prefetches", 256, "files that are fetched ahead of machines, or were lately", "answered 503"
)
PREFETCHES_AT_ONCE = Bound("prefetches_at_once", 4, "of them that are fetched at once", "wait")
PREFETCH_WORDS = Bound("prefetch_words", 64, "names and URLs in one call for them", "refused")
RECIPE_FILES = Bound("recipe_files", 8, "files of recipes that are looked for at once", "wait")
RECIPE_FILE = Bound("recipe_file", 20, "s for the first byte of one", "told of")
IMAGE_SILENCE = Bound("image_silence", 30, "s without a byte within an image", "broken off")
BOOT_API_PATIENCE = Bound("boot_api_patience", 5, "s for an answer of the boot API", "given up")
BOOT_API_BYTES = Bound("boot_api_bytes", 65536, "bytes of an answer of the boot API", "refused")
BOOT_API_ACTIONS = Bound(
    "boot_api_actions", 256, "actions, as {{URL …}}, of a command line of the boot API", "refused"
)
BOOT_API_RATE = Bound("boot_api_rate", 50, "questions a second to the boot API", "not asked")
BOOT_API_LANE = Bound("boot_api_lane", 8, "questions at once to it, of either kind", "not asked")
BOOT_API_WAITING = Bound(
    "boot_api_waiting", 64, "machines that wait to be asked about", "not asked"
)
BOOT_API_MACHINES = Bound(
    "boot_api_machines", 4096, "machines whose answer is remembered", "the oldest is forgotten"
)

# Boots by hand

AD_HOC_BOOTS = Bound("ad_hoc_boots", 16, "of `pyxie boot` at once", "409")
AD_HOC_MACS = Bound("ad_hoc_macs", 256, "MAC addresses that one is for", "400")
AD_HOC_FILES = Bound("ad_hoc_files", 64, "files of each sort in one", "400")
AD_HOC_LEASE = Bound("ad_hoc_lease", 20, "s without a sign of life of the command", "ended")
AD_HOC_ONCE = Bound("ad_hoc_once", 900, "s for a machine to load what it boots once", "ended")
AT_HAND = Bound(
    "at_hand", 256, "connections to the files of a `pyxie boot`", "a slow one makes room"
)

# Verification

VERIFY_LIST = Bound("verify_list", 4 << 20, "bytes of a list of checksums", "refused")
VERIFY_SIGNATURE = Bound("verify_signature", 65_536, "bytes of its signature", "refused")
VERIFY_KEYRING = Bound("verify_keyring", 16 << 20, "bytes of a keyring", "refused")
VERIFY_FETCH = Bound("verify_fetch", 30, "s to fetch a list or a signature", "given up")
VERIFY_TIME = Bound("verify_time", 10, "s for the check of a signature", "killed")
VERIFY_OUTPUT = Bound("verify_output", 65_536, "bytes that it writes", "ended")
VERIFY_BEGIN = Bound("verify_begin", 10, "s for each file when a build begins", "tried later")
VERIFY_FILES = Bound(
    "verify_files", 256, "files of this host whose digest is in memory", "the oldest is forgotten"
)
VERIFY_READS = Bound(
    "verify_reads", 16, "lists of checksums that are read at once, half by builders", "tried later"
)
VERIFY_HELD = Bound(
    "verify_held", 16 << 20, "bytes of lists of checksums in memory", "the oldest is forgotten"
)
VERIFY_KEPT = Bound("verify_kept", 64, "lists of checksums in memory", "the oldest is forgotten")

# Rendering

RENDER_CPU = Bound("render_cpu", 5, "s of the processor for one script or template", "ended")
RENDER_TIME = Bound("render_time", 10, "s for one script or template", "ended")
RENDER_MEMORY = Bound("render_memory", 96, "MiB for one script or template", "ended")
RENDER_WAITING = Bound("render_waiting", 512, "scripts and templates that wait", "refused")
RENDER_PROCESSES = Bound("render_processes", 12, "processes that render", "refused")
RENDER_STOPPED = Bound(
    "render_stopped", 256, "templates that are not tried again, for a minute", "forgotten"
)
SCRIPTS_AHEAD = Bound(
    "scripts_ahead",
    10_000,
    "builds whose scripts are to be made before they are asked for",
    "made when asked for",
)
VERDICTS = Bound(
    "verdicts", 20_000, "machines of which is kept what came of trying their build", "tried anew"
)
RENDER_KEPT = Bound("render_kept", 20_000, "texts kept as they were rendered", "made anew")
RENDER_LETTERS = Bound("render_letters", 16 << 20, "letters of all of them", "made anew")
RENDER_LONGEST = Bound("render_longest", 256 << 10, "letters of one that is kept", "made anew")
FILES_SEEN = Bound("files_seen", 4096, "templates whose state is known", "looked at again")
LOADERS_KNOWN = Bound(
    "loaders_known", 256, "loaders whose place is known", "the oldest is looked for again"
)
FOLDERS_WATCHED = Bound("folders_watched", 64, "folders of templates", "looked at each time")

# Media: ISO images

MEDIA = Bound("media", 64, "ISO images in the folder `isos`", "not looked at")
MEDIA_ENTRIES = Bound("media_entries", 400_000, "files and folders of all media", "not served")
MEDIUM_ENTRIES = Bound("medium_entries", 100_000, "files and folders of a medium", "refused")
MEDIUM_INDEX = Bound("medium_index", 16 << 20, "bytes of the list of them", "refused")
MEDIUM_CPU = Bound("medium_cpu", 60, "s of the processor for reading a medium", "ended")
MEDIUM_TIME = Bound("medium_time", 120, "s for reading a medium", "ended")
MEDIUM_MEMORY = Bound("medium_memory", 512, "MiB for reading a medium", "ended")
MEDIA_FETCHES = Bound("media_fetches", 4, "ISO images fetched at once", "answered 503")
MEDIA_TRIES = Bound(
    "media_tries", 20, "tries in a row that bring nothing of an ISO image's URL", "given up"
)
MEDIUM_LENGTH = Bound("medium_length", 64 << 30, "bytes of an image that is sent", "413")
MEDIUM_LISTED = Bound("medium_listed", 5000, "names in a listing of a medium's", "left out")

# Hooks

HOOKS_NEW = Bound("hooks_new", 8, "machines whose hook began within 10 s", "wait")
HOOKS_AT_ONCE = Bound("hooks_at_once", 64, "machines whose hooks run", "wait")
HOOKS_BEFORE = Bound("hooks_before", 64, "hooks before builds that run", "wait")
HOOKS_OF_STRANGERS = Bound("hooks_of_strangers", 2, "unknown machines whose hook runs", "wait")
HOOKS_OF_UNKNOWN = Bound("hooks_of_unknown", 1000, "hooks of unknown machines kept", "forgotten")
HOOK_SECONDS = Bound("hook_seconds", 3600, "s for a hook, 5 unless it says more", "killed")
HOOK_KILL = Bound("hook_kill", 2, "s for a killed hook to end", "left behind")
HOOK_OUTPUT = Bound("hook_output", 65_536, "bytes of a hook's output kept", "beginning forgotten")
HOOK_BOOTS = Bound("hook_boots", 20_000, "machines of which a boot is remembered", "forgotten")

# The store, builds and tokens

WAITRON_STAGES = Bound(
    "waitron_stages", 4096, "builds whose last template waitron 3's jobs show", "forgotten"
)
BULK = Bound("bulk", 500, "machines that one press on the page is about", "left out, and said so")
BULK_FORECAST = Bound(
    "bulk_forecast", 15, "s to find out what builds of them would wipe", "left out, and said so"
)
BUILDS_TOGETHER = Bound("builds_together", 50, "builds of one call that begin at once", "wait")
BUILDS_AT_ONCE = Bound("builds_at_once", 8, "builds of one call that are tried at once", "wait")
DEFINITIONS = Bound("definitions", 20_000, "builds' machines, ready to boot", "made when asked for")
DEFINITIONS_BEGINNING = Bound(
    "definitions_beginning", 256, "machines of builds that begin just now", "made when asked for"
)
DEFINITIONS_KEPT = Bound(
    "definitions_kept", 1500, "machines that are kept as they are built", "made when asked for"
)
DEFINITIONS_UNKNOWN = Bound(
    "definitions_unknown", 256, "unknown machines, ready to boot", "made when asked for"
)

STORE_WRITING = Bound("store_writing", 4, "connections that write, of SQLite one", "waits")
STORE_READING = Bound("store_reading", 2, "connections that read for boots and builds", "waits")
STORE_LOOKING = Bound("store_looking", 4, "connections that read for who looks", "waits")
STORE_FREE = Bound("store_free", 5, "s for a connection to be free", "refused")
STORE_PATIENCE = Bound("store_patience", 1, "s that an answer waits for the disk", "kept in memory")
STORE_BEGIN = Bound("store_begin", 10, "s for a build to be stored", "refused")
STORE_LOOK = Bound("store_look", 3, "s for a look at the database or its file", "told of")
AUDIT_WAITING = Bound(
    "audit_waiting", 1000, "lines of the audit log that wait for the disk", "logged"
)
STORE_ANSWER = Bound("store_answer", 10, "s for the database to answer", "refused")

# Events and the log

EVENTS_OF_MACHINE = Bound(
    "events_of_machine", 200, "events of one machine in memory", "the oldest is forgotten"
)
EVENTS_MACHINES = Bound(
    "events_machines", 2000, "machines with events in memory", "the longest silent is forgotten"
)
LAST_BOOTS = Bound(
    "last_boots",
    20_000,
    "machines of which it is known when they booted",
    "the longest ago forgotten",
)
EVENTS_RECENT = Bound("events_recent", 4000, "events of machines", "the oldest is forgotten")
EVENTS_UNKNOWN = Bound(
    "events_unknown", 2000, "events of unknown machines", "the oldest is forgotten"
)
STANDINGS = Bound(
    "standings",
    20_000,
    "machines in build mode whose diagnosis is remembered",
    "the oldest is made anew",
)
EVENTS_GATHERED = Bound(
    "events_gathered",
    1024,
    "machines of which an event is made a moment later",
    "the oldest is made at once",
)
EVENTS_UNREAD = Bound(
    "events_unread", 1000, "events that wait for one who follows", "the oldest is left out"
)
TROUBLES = Bound("troubles", 4000, "machines whose last trouble is kept", "the oldest is forgotten")

STRANGERS_EVENTS = Bound(
    "strangers_events", 30, "events a second of unknown machines", "neither kept nor logged"
)
LOG_REQUESTS = Bound(
    "log_requests", 25, "lines a second on requests that are open to all", "left out of the log"
)
LOG_REFUSALS = Bound("log_refusals", 8, "lines a second on refused requests", "left out of the log")
LOG_MACHINES = Bound("log_machines", 30, "lines a second on machines", "left out of the log")
LOG_STRANGERS = Bound(
    "log_strangers", 8, "lines a second on unknown machines and clients", "left out of the log"
)
LOG_OTHERS = Bound("log_others", 9, "other lines a second", "left out of the log")
LOG_BUGS = Bound("log_bugs", 0.2, "tracebacks a second", "left out of the log")
LOG_DETAILS = Bound("log_details", 300, "lines a second at level debug", "left out of the log")
LOG_CLIENTS = Bound("log_clients", 4096, "clients whose lines are counted", "counted together")
EVENTS_WAITING = Bound("events_waiting", 1000, "events that wait for the disk", "forgotten")


ALL = tuple(each for each in list(globals().values()) if isinstance(each, Bound))
"""All of them, in the order above."""
