"""Why a machine does not boot, and what to change: told the facts, without asking anybody."""
