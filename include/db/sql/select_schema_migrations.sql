-- Each applied migration's version and checksum.
select
    version,
    checksum
from schema_migrations;
