/**
 * Does some work, and closes what it needed, however it ends. Where the work failed, what closing fails with is not told: it must not take the
 * place of what happened first, and of the hint that goes with it.
 *
 * @throws what `work` throws; else what `close` throws
 */
export async function closing<T>(close: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
  await close();
  return result;
}
