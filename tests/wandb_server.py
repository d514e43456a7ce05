"""A stand-in for the W&B server, for `wandb sweep`, `wandb agent`, online runs and `wandb sync`.

It speaks to the real client on localhost: GraphQL for sweeps, agents and runs, the file stream for
histories and summaries, PUT for files. What a run sent is kept in memory for a test to read.
"""

import gzip
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

from tests.sweep_trials import Trial, trials

ENTITY = "someone"
KEY = "0123456789abcdef" * 3
"""An API key in W&B's form."""


@dataclass
class UploadedRun:
    """What the server was sent of a run."""

    sweep: str | None = None
    display_name: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    lines: dict[int, dict[str, Any]] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    exit_code: int | None = None

    @property
    def history(self) -> list[dict[str, Any]]:
        """The rows of the history, in their order."""
        return [self.lines[number] for number in sorted(self.lines)]

    def logged(self, name: str) -> list[Any]:
        """Every value that a metric was given."""
        return [row[name] for row in self.history if name in row]


@dataclass
class Sweep:
    """A sweep as its file has it, and the trials that are still to be run."""

    config: dict[str, Any]
    waiting: Iterator[Trial]
    started: list[Trial] = field(default_factory=list)


@dataclass
class WandbServer:
    """The server's state; one request changes it at a time.

    Attributes:
        url: what WANDB_BASE_URL is set to.
        most_trials: trials of each sweep, spread over all; agents are then told to end.
        stop_at_value: the number of values of the sweep's metric at which a trial is told to stop,
            as early termination does; None for never.
        unknown: operations that this server does not know but was asked for.
    """

    url: str = ""
    most_trials: int = 2
    stop_at_value: int | None = None
    runs: dict[str, UploadedRun] = field(default_factory=dict)
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def answer(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The `data` of the answer to a GraphQL operation."""
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()
        method = getattr(self, f"_answer_{name}", None)
        if method is None:
            self.unknown.append(operation)
            return {}
        return method(variables)

    def _answer_viewer(self, _: dict[str, Any]) -> dict[str, Any]:
        viewer = {"id": "u", "entity": ENTITY, "username": ENTITY, "email": "", "flags": "{}"}
        return {"viewer": {**viewer, "teams": {"edges": []}}}

    def _answer_server_features_query(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"serverInfo": {"features": []}}

    def _answer_organization_core_weave_organization_id(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"entity": {"organization": None}}

    def _answer_upsert_sweep(self, variables: dict[str, Any]) -> dict[str, Any]:
        config = yaml.safe_load(variables["config"])
        name = f"sweep{len(self.sweeps)}"
        every = list(trials(config))
        spread = [every[i * len(every) // self.most_trials] for i in range(self.most_trials)]
        self.sweeps[name] = Sweep(config, waiting=iter(spread))
        sweep = {"name": name, "project": _project(variables["projectName"])}
        return {"upsertSweep": {"sweep": sweep, "configValidationWarnings": []}}

    def _answer_sweep_with_runs(self, variables: dict[str, Any]) -> dict[str, Any]:
        name = variables["sweep"]
        if name not in self.sweeps:
            return {"project": {"sweep": None}}
        config = yaml.safe_dump(self.sweeps[name].config)
        sweep = {"id": name, "name": name, "config": config, "runs": {"edges": []}}
        return {"project": {"sweep": sweep}}

    def _answer_create_agent(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {"createAgent": {"agent": {"id": variables["sweep"]}}}

    def _answer_heartbeat(self, variables: dict[str, Any]) -> dict[str, Any]:
        running = json.loads(variables["runState"])
        name = variables["id"]
        commands = [self._stop(run) for run in running if self._is_to_stop(name, run)]
        if not running:
            commands = [self._next(name)]
        return {"agentHeartbeat": {"agent": {"id": name}, "commands": json.dumps(commands)}}

    def _next(self, name: str) -> dict[str, Any]:
        """The agent's next command: a trial, or the end of the sweep."""
        sweep = self.sweeps[name]
        trial = next(sweep.waiting, None)
        if trial is None:
            return {"type": "exit"}
        sweep.started.append(trial)
        args = {option: {"value": value} for option, value in trial.items()}
        run_id = f"{name}trial{len(sweep.started) - 1}"
        return {"type": "run", "run_id": run_id, "program": sweep.config["program"], "args": args}

    def _is_to_stop(self, sweep: str, run: str) -> bool:
        if self.stop_at_value is None or run not in self.runs:
            return False
        metric = self.sweeps[sweep].config["metric"]["name"]
        return len(self.runs[run].logged(metric)) >= self.stop_at_value

    def _stop(self, run: str) -> dict[str, Any]:
        return {"type": "stop", "run_id": run}

    def _answer_run_resume_status(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {"model": {**_project(variables["project"]), "bucket": None}}

    def _answer_upsert_bucket(self, variables: dict[str, Any]) -> dict[str, Any]:
        name = variables["name"]
        inserted = name not in self.runs
        run = self.runs.setdefault(name, UploadedRun())
        run.sweep = variables.get("sweep") or run.sweep
        run.display_name = variables.get("displayName") or run.display_name
        if variables.get("config"):
            config = json.loads(variables["config"])
            run.config = {option: node["value"] for option, node in config.items()}
        if variables.get("summaryMetrics"):
            run.summary = json.loads(variables["summaryMetrics"])
        bucket = {
            "id": name,
            "name": name,
            "displayName": run.display_name,
            "description": None,
            "config": variables.get("config"),
            "sweepName": run.sweep,
            "project": _project(variables["project"]),
            "historyLineCount": len(run.lines),
        }
        return {"upsertBucket": {"bucket": bucket, "inserted": inserted}}

    def _answer_create_run_files(self, variables: dict[str, Any]) -> dict[str, Any]:
        run = variables["run"]
        files = [
            {"name": name, "uploadUrl": f"{self.url}/storage/{run}/{name}"}
            for name in variables["files"]
        ]
        return {"createRunFiles": {"runID": run, "uploadHeaders": [], "files": files}}

    def stream(self, run_id: str, body: dict[str, Any]) -> None:
        """Take a piece of a run's file stream: lines that belong at an offset of a file."""
        run = self.runs[run_id]
        for name, piece in body.get("files", {}).items():
            lines = [json.loads(line) for line in piece["content"]] if "json" in name else []
            if name == "wandb-history.jsonl":
                run.lines.update(enumerate(lines, start=piece["offset"]))
            elif name == "wandb-summary.json":
                run.summary = lines[-1]
        if body.get("complete"):
            run.exit_code = body["exitcode"]

    def store(self, path: str, content: bytes) -> None:
        """Take a file of a run; `path` is <run>/<name of the file>."""
        run_id, name = path.split("/", 1)
        self.runs[run_id].files[name] = content


def _project(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "entity": {"id": ENTITY, "name": ENTITY}}


class _Handler(BaseHTTPRequestHandler):
    """HTTP around a `WandbServer`."""

    protocol_version = "HTTP/1.1"
    state: WandbServer
    lock: threading.Lock

    def do_POST(self) -> None:
        body = self._body()
        reply: dict[str, Any] = {}
        with self.lock:
            if self.path == "/graphql":
                request = json.loads(body)
                operation = re.search(r"(?:query|mutation)\s+(\w+)", request["query"])
                assert operation
                reply = {"data": self.state.answer(operation[1], request.get("variables") or {})}
            elif stream := re.fullmatch(r"/files/[^/]+/[^/]+/([^/]+)/file_stream", self.path):
                self.state.stream(stream[1], json.loads(body))
        self._reply(reply)

    def do_PUT(self) -> None:
        body = self._body()
        with self.lock:
            self.state.store(self.path.removeprefix("/storage/"), body)
        self._reply({})

    def do_GET(self) -> None:
        self._reply({})

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _reply(self, reply: dict[str, Any]) -> None:
        content = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Keep requests off the terminal."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Raise no noise over clients that hang up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def wandb_server() -> Iterator[WandbServer]:
    """A server on a free port of localhost, for as long as the context lasts."""
    state = WandbServer()
    handler = type("Handler", (_Handler,), {"state": state, "lock": threading.Lock()})
    with _Server(("127.0.0.1", 0), handler) as http:
        state.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            http.shutdown()
            thread.join()
