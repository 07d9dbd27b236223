let skip = false;

/**
 * Lets this process end without the destructors of LibTorch, which take as long as a prediction. For a program that owns its
 * process, as the command line does; to be called before the addon is loaded.
 */
export function skipDestructors(): void {
  skip = true;
}

/** Whether {@link skipDestructors} was called. */
export const skipsDestructors = (): boolean => skip;
