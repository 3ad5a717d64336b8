import { basename } from 'node:path';

/** The edge of the single-file executable: what the programs in bin/ say on their first lines. */
// All those threads are started with the first read of a file, which is nearly all that an edit of one document does.
if (process.argv[2] !== 'siteconfig') process.env['UV_THREADPOOL_SIZE'] ??= '16';
if (basename(process.argv0) === 'factory-precaching-krm') process.argv.splice(2, process.argv.length, 'krm');
void import('./main.ts');
