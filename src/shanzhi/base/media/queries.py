"""Reading photos."""

from collections.abc import Iterable

from shanzhi.base.media import files
from shanzhi.base.media.models import MediaFile
from shanzhi.core.kit.errors import NotFound


def known(hashes: Iterable[str]) -> set[str]:
    """Those of the hashes whose files are here in full."""
    return set(MediaFile.objects.filter(sha256__in=list(hashes)).values_list("sha256", flat=True))


def read(sha256: str, variant: str) -> bytes:
    """The bytes of a variant (`shown` or `thumbnail`; the original is never served). Raises NotFound."""
    if variant not in files.VARIANTS or not (len(sha256) == 64 and sha256.isalnum()):
        raise NotFound
    try:
        return files.path_of(sha256, variant).read_bytes()
    except FileNotFoundError as error:
        raise NotFound from error
