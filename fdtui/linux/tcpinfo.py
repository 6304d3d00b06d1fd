"""struct tcp_info of tcp(7) taken apart: times in seconds, amounts in bytes or segments."""

from __future__ import annotations

import struct

from fdtui.linux.json_types import Info
from fdtui.linux.lean import cache

_CA_STATES = ("Open", "Disorder", "CWR", "Recovery", "Loss")
_OPTIONS = ("timestamps", "sack", "wscale", "ecn", "ecn_seen", "syn_data", "usec_ts", "tfo_child")
_NO_LIMIT_32 = 0x7FFFFFFF
_NO_LIMIT_64 = 0xFFFFFFFFFFFFFFFF
_NOT_MEASURED = 0xFFFFFFFF  # min_rtt before the first acknowledgement


# In the order of linux/tcp.h, behind eight bytes of bit fields.  Q: 64 bits; *: a time in
# microseconds, +: in milliseconds.
_LAYOUT = (
    "rto* ato* snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent+ "
    "last_ack_sent+ last_data_recv+ last_ack_recv+ pmtu rcv_ssthresh rtt* rttvar* "
    "snd_ssthresh snd_cwnd advmss reordering rcv_rtt* rcv_space total_retrans "
    "Qpacing_rate Qmax_pacing_rate Qbytes_acked Qbytes_received segs_out segs_in "
    "notsent_bytes min_rtt* data_segs_in data_segs_out Qdelivery_rate Qbusy_time* "
    "Qrwnd_limited* Qsndbuf_limited* delivered delivered_ce Qbytes_sent Qbytes_retrans "
    "dsack_dups reord_seen rcv_ooopack snd_wnd rcv_wnd rehash"
)
_TICKS = {"*": 1_000_000, "+": 1_000}


@cache
def _fitting(length: int) -> tuple[struct.Struct, tuple[tuple[str, int], ...]]:
    """Return the fields that a struct of `length` bytes holds: name, ticks a second or 0."""
    form, fields = "=", []
    for word in _LAYOUT.split():
        letter = "Q" if word.startswith("Q") else "I"
        if 8 + struct.calcsize(form + letter) > length:
            break
        form += letter
        fields.append((word.strip("Q*+"), _TICKS.get(word[-1], 0)))
    return struct.Struct(form), tuple(fields)


def parse_tcp_info(raw: bytes) -> Info:
    """Return the fields that this kernel's struct has; no limit, or not measured, is None."""
    if len(raw) < 8:
        return {}
    ca_state = raw[1]
    info: Info = {
        "ca_state": _CA_STATES[ca_state] if ca_state < len(_CA_STATES) else str(ca_state),
        "retransmits": raw[2],
        "probes": raw[3],
        "backoff": raw[4],
        "options": [name for bit, name in enumerate(_OPTIONS) if raw[5] >> bit & 1],
        "snd_wscale": raw[6] & 15,
        "rcv_wscale": raw[6] >> 4,
        "delivery_rate_app_limited": bool(raw[7] & 1),
    }
    layout, fields = _fitting(len(raw))
    for (name, ticks), value in zip(fields, layout.unpack_from(raw, 8), strict=True):
        if name == "min_rtt" and value == _NOT_MEASURED:
            info[name] = None
        elif ticks:
            info[name] = value / ticks
        elif value == _NO_LIMIT_64 or (name == "snd_ssthresh" and value >= _NO_LIMIT_32):
            info[name] = None
        else:
            info[name] = value
    return info
