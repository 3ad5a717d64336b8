/** What the program is called where it is installed. */
export const programName = 'factory-precaching-cli';

/** What it does, in one sentence. */
export const programDescription =
  'Stages OpenShift images onto a partition in the factory, and boots the server from it at the site.';
