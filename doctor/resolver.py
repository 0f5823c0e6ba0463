"""DNS as this machine sees it."""

from dataclasses import dataclass, field

import dns.exception
import dns.resolver

from doctor.finding import CouldNotLookError

LONGEST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Resolver:
    library: dns.resolver.Resolver = field(default_factory=dns.resolver.Resolver)

    def records(self, name: str, kind: str) -> tuple[str, ...]:
        """The records of this type, as zone files write them, in order; names without the dot at their end.

        Raises:
            CouldNotLookError: no answer.
        """
        try:
            answer = self.library.resolve(
                f"{name}.", kind, raise_on_no_answer=False, lifetime=LONGEST_SECONDS, search=False
            )
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise CouldNotLookError(f"DNS does not answer for {name} ({type(error).__name__})") from error
        return tuple(sorted(str(record).removesuffix(".") for record in answer.rrset or ()))
