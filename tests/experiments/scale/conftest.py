import pytest

pytest.importorskip("faiss")
pytest.importorskip("distributed")
