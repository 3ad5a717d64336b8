/**
 * Limits of a thread that reads many small documents one after the other. Hardly anything of a document outlives it, so
 * that a larger young generation saves no work: it only fills with garbage, some ten megabytes a thread.
 */
export const threadLimits = { maxYoungGenerationSizeMb: 8 };
