"""What each command of `fixlane` does with its arguments; `engine.cli` says what those are.

Each function imports what it needs when it is called, so that `fixlane --help` starts at once and a command does not
fail for a library that another needs. It returns the exit status.

Errors  ConfigError, EngineError and OSError, which the command line turns into exit statuses.
"""

import sys
from argparse import Namespace


def demo(arguments: Namespace) -> int:
    """Trade against the simulated venue."""
    if arguments.venue == "kalshi":
        from engine.app.demo import kalshi

        return kalshi.demo(arguments)
    from engine.app.demo.run import demo

    return demo(arguments)


def run(arguments: Namespace) -> int:
    """Run the engine until it is told to stop."""
    from engine.app.running import run
    from engine.config.engine import load
    from engine.errors import ConfigError

    sys.path.insert(0, str(arguments.config.resolve().parent))  # a strategy may stand beside its configuration
    if arguments.latency is not None and not arguments.paper:
        raise ConfigError("--latency is of --paper: a venue takes its own time")
    if arguments.paper:
        from engine.app.paper.run import run as run_on_paper

        return run_on_paper(load(arguments.config), arguments.latency or 0)
    return run(load(arguments.config))


def check(arguments: Namespace) -> int:
    """Print what is wrong with a configuration; 2 if anything is."""
    from engine.app.check import check, protections

    sys.path.insert(0, str(arguments.config.resolve().parent))
    problems, warnings = check(arguments.config)
    for line in (*problems, *(f"warning: {warning}" for warning in warnings)):
        print(line, file=sys.stderr)
    for line in () if problems else protections(arguments.config):
        print(line)
    count = len(problems) or "no"
    print(f"{arguments.config}: {count} problem{'' if count == 1 else 's'}")
    if problems:
        return 2
    if arguments.connect:
        from engine.app.setup.connect import connect
        from engine.config.engine import load

        config = load(arguments.config)
        connect(config, arguments.order or (bool(config.venue.environment) and not config.venue.i_mean_production))
    return 0


def init(arguments: Namespace) -> int:
    """Write a configuration to start from."""
    from engine.app.setup.init import run

    return run(arguments)


def sim(arguments: Namespace) -> int:
    """Run the simulated venue until it is told to stop."""
    from engine.config.shipped import config_path
    from engine.errors import ConfigError
    from engine.sim.config import SimConfig, with_acceptor, with_captures
    from engine.sim.kalshi.config import load_any
    from engine.sim.process import run

    shipped = "kalshi-sim.toml" if arguments.venue == "kalshi" else "sim.toml"
    config = load_any(arguments.config or config_path(shipped))
    if isinstance(config, SimConfig):
        return run(with_captures(with_acceptor(config, arguments.acceptor), arguments.capture, arguments.speed))
    if arguments.capture or arguments.acceptor:
        raise ConfigError("--capture and --acceptor: this venue makes its own markets, and has one acceptor")
    return run(config)


def echo(arguments: Namespace) -> int:
    """Run an acceptor that sends orders back."""
    from engine.app.echo import run

    return run(arguments.session_file, arguments.state)


def journal(arguments: Namespace) -> int:
    """Print the records of a journal, or whether it is sound."""
    from engine.journal.view.command import run

    return run(arguments)
