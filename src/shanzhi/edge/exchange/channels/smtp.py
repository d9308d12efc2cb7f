"""E-mail (电子邮件): SMTP with the standard library (RFC 5321, STARTTLS RFC 3207).

A server that takes a message says nothing of delivery; bounces come to the sender's address and are not read.
"""

import smtplib
import ssl
import time
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime

from shanzhi.base.messaging.channels import Letter, Outcome
from shanzhi.core.kit.clock import Clock
from shanzhi.edge.exchange.channels.base import ConfiguredChannel, left, sentence

SECURITIES = ("tls", "starttls", "none")


class SmtpChannel(ConfiguredChannel):
    """One connection a batch. `security`: tls from the first byte, starttls, or none for a server next door."""

    def __init__(
        self, code: str, *, host: str, port: int, sender: str, clock: Clock, security: str = "starttls",
        user: str = "", password: str = "", subject: str = "善治", rate_per_second: float = 20.0,
        timeout_seconds: float = 10,
    ) -> None:  # fmt: skip
        super().__init__(
            code, rate_per_second=rate_per_second, batch_size=50, timeout_seconds=timeout_seconds
        )
        self._host, self._port, self._sender, self._security = host, port, sender, security
        self._user, self._password, self._subject = user, password, subject
        self._clock, self._timeout = clock, timeout_seconds

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """5xx refuses for good, 4xx for now. What was under way when the line broke is unknown: a time-out."""
        done: list[Outcome] = []
        until = self.deadline()
        try:
            with self._connect() as line:
                for letter in letters:
                    if time.monotonic() > until:
                        break
                    done.append(self._one(line, letter))
        except smtplib.SMTPResponseException as error:
            # A login that is refused is the operator's matter, not the receiver's.
            again = error.smtp_code < 500 or isinstance(error, smtplib.SMTPAuthenticationError)
            rest = letters[len(done) :]
            return done + [
                Outcome(one, "refused", code=f"smtp-{error.smtp_code}", retriable=again) for one in rest
            ]
        except (OSError, smtplib.SMTPException) as error:
            rest = letters[len(done) :]
            result = "timeout" if isinstance(error, TimeoutError) else "unreachable"
            return done + [Outcome(one, result, code=type(error).__name__, retriable=True) for one in rest]
        return done + left(letters[len(done) :])

    def _connect(self) -> smtplib.SMTP:
        line: smtplib.SMTP
        if self._security == "tls":
            context = ssl.create_default_context()
            line = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            line = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
            if self._security == "starttls":
                line.starttls(context=ssl.create_default_context())
        if self._user:
            line.login(self._user, self._password)
        return line

    def _one(self, line: smtplib.SMTP, letter: Letter) -> Outcome:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._sender, letter.address, self._subject
        mail["Date"], mail["Message-ID"] = format_datetime(self._clock.now()), f"<{letter.id}@shanzhi>"
        mail.set_content(sentence(letter))
        try:
            line.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            return Outcome(letter, "refused", code=f"smtp-{code}", retriable=code < 500)
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            return Outcome(letter, "refused", code=f"smtp-{error.smtp_code}", retriable=error.smtp_code < 500)
        return Outcome(letter, "accepted", (str(letter.id),))
