"""Which model drives the agent: the embedded planner, or an OpenAI-compatible endpoint when one is configured."""

from agent.model_calls import ChosenModel
from crm.settings import Settings

REQUEST_TIMEOUT_SECONDS = 60
MAX_RETRIES = 2


def choose_model(settings: Settings) -> ChosenModel:
    """The planner needs no key and no network; `OPENAI_API_KEY` or `OPENAI_BASE_URL` choose a language model."""
    return _language_model(settings) if settings.uses_language_model else _planner()


def _planner() -> ChosenModel:
    from agent.planner.model import PlannerChatModel  # noqa: PLC0415

    return ChosenModel(PlannerChatModel(), is_planner=True)


def _language_model(settings: Settings) -> ChosenModel:
    # Imported here because it costs two seconds that the planner does not need.
    from langchain_openai import ChatOpenAI  # noqa: PLC0415
    from openai import OpenAIError  # noqa: PLC0415
    from pydantic import SecretStr  # noqa: PLC0415

    chat = ChatOpenAI(
        model=settings.openai_model,
        base_url=settings.openai_base_url,
        # Local servers ask for no key, but the client insists on one.
        api_key=settings.openai_api_key or SecretStr("not-needed"),
        timeout=REQUEST_TIMEOUT_SECONDS,
        max_retries=MAX_RETRIES,
        # The chat completions protocol is what vLLM, Ollama and llama.cpp speak too.
        use_responses_api=False,
    )
    return ChosenModel(chat, is_planner=False, name=settings.openai_model, transient_errors=(OpenAIError,))
