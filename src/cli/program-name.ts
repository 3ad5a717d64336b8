/** What the program is called where it is installed. */
export const programName = 'factory-precaching-cli';
