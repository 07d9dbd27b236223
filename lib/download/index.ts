export { download, isOffline, TUNING, type DownloadRequest } from './download';
export { sha256File } from './hash';
export { withLock } from './lock';
export { pytorchUrl } from './mirror';
export type { DownloadControl, DownloadEvent, Tuning } from './types';
export { unzip } from './unzip';
