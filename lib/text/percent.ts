/** A share from 0 to 1 as a person reads it: `95.4 %`. */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
