"""What LocalStack's KMS takes for granted, and Python has only from 3.12 on."""

import sys
import uuid

if sys.version_info < (3, 12):
    plain = uuid.uuid5

    def uuid5(namespace, name):
        """A name may be bytes."""
        if isinstance(name, str):
            return plain(namespace, name)
        # Latin-1 has a character for every byte: other names than Python 3.12 would make, and as different.
        return plain(namespace, name.decode("latin-1"))

    uuid.uuid5 = uuid5
