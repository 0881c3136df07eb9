"""A rack boots while a hostile LAN does all it can at once; run as root, for its namespaces.

    python -m bench.storm [--machines 200] [--rate 20000] [--spread 20]

First without attacks, then with: one host floods DISCOVERs of machines that are not there, one
holds as many connections as it may and reads none, one asks for names that are not there, one has
the worst template rendered, one posts the worst bodies, the last two with a token that may build.
The hostile hosts share this computer's processors, at a lower priority. Single figures move with
the machine.
"""

from __future__ import annotations

import argparse

from tests.lab.storm import ATTACKS, storm


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--machines", type=int, default=200)
    parser.add_argument("--rate", type=int, default=20_000, help="forged DISCOVERs a second")
    parser.add_argument("--spread", type=float, default=20, help="seconds in which they begin")
    parser.add_argument("--attacks", nargs="*", default=ATTACKS, choices=ATTACKS)
    chosen = parser.parse_args()
    for attacks in ((), chosen.attacks) if chosen.attacks else ((),):
        seen = storm(chosen.machines, chosen.rate, chosen.spread, attacks)
        print(f"{' + '.join(attacks) or 'calm'}: {seen}", flush=True)
        for host, why in list(seen.failures.items())[:10]:
            print(f"  {host}: {why}")


if __name__ == "__main__":
    main()
