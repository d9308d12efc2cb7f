"""Coarse work of media."""

import time

from procrastinate.contrib.django import app

from shanzhi.base.media import files

STALE_SECONDS = 2 * 24 * 3600


@app.periodic(cron="27 19 * * *")  # 03:27 in Shanghai; cron counts in UTC
@app.task(queueing_lock="forget_stale_uploads", pass_context=False)
def forget_stale_uploads(timestamp: int) -> int:
    """Delete uploads that nobody has gone on with for two days (清理未完成的上传); how many."""
    folder, gone = files.part_of("x").parent, 0
    for part in folder.iterdir() if folder.is_dir() else ():
        if time.time() - part.stat().st_mtime > STALE_SECONDS:
            part.unlink(missing_ok=True)
            gone += 1
    return gone
