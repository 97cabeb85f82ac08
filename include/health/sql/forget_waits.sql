-- Forget since when records wait: while Kafka cannot be asked the stream cannot read either.
update stream_waits
set waiting_since = null
where waiting_since is not null;
