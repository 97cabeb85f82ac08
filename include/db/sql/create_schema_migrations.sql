-- The list of what has been applied.
create table if not exists schema_migrations (
    version int primary key,
    name text not null,
    checksum text not null,
    applied_at timestamp not null default timezone('utc', now())
);
