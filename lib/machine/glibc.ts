/** The version of glibc that Node.js runs with; empty with another C library, as on Alpine, and on other systems. */
export function glibcVersion(): string {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  // The report would otherwise look up the names of hosts.
  report.excludeNetwork = true;
  try {
    const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime ?? '';
  } finally {
    report.excludeNetwork = before ?? false;
  }
}
