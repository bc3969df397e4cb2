"""A Streamlit session without a browser: the server's own protocol, spoken over its websocket.

Twenty of these cost what their pages cost the server, and nothing for drawing them. Signed in by the cookie that
a browser would send.
"""

from __future__ import annotations

import re
from types import TracebackType

import pyarrow as pa
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect


class Session:
    """One signed-in tab: `show(page, query)` reruns the script as a change of the address does.

    After it, `rows` holds what the page's grids were sent, a line a row: all of it, also what no eye would see.
    """

    def __init__(self, address: str, cookie: str) -> None:
        self._socket = connect(
            address.replace("http", "ws", 1) + "/_stcore/stream",
            additional_headers={"Cookie": cookie},
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
            open_timeout=60,
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._socket.close()

    def show(self, page: str, query: str) -> str:
        """The words of the page after one full run of the script. Raises AssertionError if it failed."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        self._socket.send(message.SerializeToString())
        words: list[str] = []
        self.rows: list[str] = []
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(self._socket.recv(timeout=300))  # type: ignore[arg-type]
            kind = answer.WhichOneof("type")
            if kind == "new_session":
                words, self.rows = [], []
            elif kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
                element = answer.delta.new_element
                shown = element.WhichOneof("type")
                assert shown != "exception", element.exception.message
                if shown in ("markdown", "heading", "alert"):
                    words.append(getattr(element, shown).body)
                elif shown == "dataframe" and element.dataframe.arrow_data.data:
                    table = pa.ipc.open_stream(element.dataframe.arrow_data.data).read_all()
                    self.rows += [" | ".join(map(str, row.values())) for row in table.to_pylist()]
            elif kind == "script_finished":
                outcome = ForwardMsg.ScriptFinishedStatus.Name(answer.script_finished)
                if outcome == "FINISHED_EARLY_FOR_RERUN":
                    continue
                assert outcome == "FINISHED_SUCCESSFULLY", outcome
                text = "\n".join(words)
                if re.search(r"Snapshot \d{4}", text):
                    return text
