-- The message of a finished file says of which other document it is a duplicate, and whether there is a preview.

update private.job_kinds
set result_keys = '{signedUrl,signedUrlExpiresAt,preview,duplicateOf}'
where kind = 'image';
