/** Oldest version that the addon compiles against and works with. */
const MINIMUM_VERSION = '2.11';
/** First version that it has not been tried with. */
const FIRST_UNSUPPORTED = '2.15';

/**
 * Versions that an addon compiled against an older one does not work with. In 2.12 a virtual function came into the middle of c10's
 * DeviceGuardImplInterface, whose later ones the addon calls; 2.13 took `c10::impl::cow::materialize_cow_storage` away, which inline functions
 * of earlier headers call. From 2.13 to 2.14 nothing that the addon uses has changed.
 */
const BREAKS = ['2.12', '2.13'] as const;

/** Versions from `from` to before `below`, by major and minor number. */
interface VersionRange {
  from: string;
  below: string;
}

/** `2.13` of `2.13.1+cu130`. */
export const shownMinor = (version: string): string => version.split('.').slice(0, 2).join('.');

/** `2.13.1+cu130` as a number that can be compared; undefined for what is no version. */
function minorOf(version: string): number | undefined {
  const match = /^(\d+)\.(\d+)/.exec(version);
  return match === null ? undefined : Number(match[1]) * 1000 + Number(match[2]);
}

const order = (version: string): number => minorOf(version) ?? 0;

/**
 * The versions of LibTorch that fit.
 *
 * @param compiledAgainst version that the addon at hand was compiled against; where there is none, whatever one could be compiled against
 */
export function supportedRange(compiledAgainst?: string): VersionRange {
  if (compiledAgainst === undefined || minorOf(compiledAgainst) === undefined) {
    return { from: MINIMUM_VERSION, below: FIRST_UNSUPPORTED };
  }
  const from = shownMinor(compiledAgainst);
  const next = BREAKS.find((version) => order(version) > order(from));
  return { from, below: next ?? FIRST_UNSUPPORTED };
}

/** A range as people write it: `>=2.13 <2.15`. */
export const shownRange = ({ from, below }: VersionRange): string => `>=${from} <${below}`;

/** Whether a version is within a range; patch numbers and builds (`+cpu`) don't count. */
export function isSupported(version: string, range = supportedRange()): boolean {
  const found = minorOf(version);
  return found !== undefined && found >= order(range.from) && found < order(range.below);
}

/**
 * Why a LibTorch of this version does not fit.
 *
 * @param compiledAgainst as of {@link supportedRange}
 * @returns the reason; undefined where it fits
 */
export function versionMisfit(version: string, compiledAgainst?: string): string | undefined {
  const range = supportedRange(compiledAgainst);
  if (isSupported(version, range)) return undefined;
  const outside = `version ${version} is outside ${shownRange(range)}`;
  return compiledAgainst === undefined || !isSupported(version)
    ? outside
    : `${outside}: the addon was compiled against ${compiledAgainst}`;
}
