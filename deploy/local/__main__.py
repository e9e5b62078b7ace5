"""`python -m deploy.local`: the whole product on this machine. `make up` makes the environment, then runs this."""

import sys

from deploy.local.product import main

sys.exit(main())
