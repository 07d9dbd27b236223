/** Upper bounds of the buckets, in seconds and in images. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const IMAGES = [1, 2, 4, 8, 16, 32, 64, 128];

type Labels = Readonly<Record<string, string>>;

/** `{route="/predict",status="200"}` */
function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const escaped = value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
    return `${name}="${escaped}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

interface Distribution {
  labels: Labels;
  counts: number[];
  sum: number;
  count: number;
}

/** A histogram for each set of labels. */
class Histogram {
  private readonly series = new Map<string, Distribution>();

  constructor(private readonly bounds: readonly number[]) {}

  observe(value: number, labels: Labels): void {
    const key = labelText(labels);
    let one = this.series.get(key);
    if (one === undefined) this.series.set(key, (one = { labels, counts: this.bounds.map(() => 0), sum: 0, count: 0 }));
    this.bounds.forEach((bound, i) => {
      if (value <= bound) (one.counts[i] as number)++;
    });
    one.sum += value;
    one.count++;
  }

  lines(name: string): string[] {
    return [...this.series.values()].flatMap(({ labels, counts, sum, count }) => [
      ...this.bounds.map((bound, i) => `${name}_bucket${labelText({ ...labels, le: `${bound}` })} ${counts[i]}`),
      `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`,
      `${name}_sum${labelText(labels)} ${sum}`,
      `${name}_count${labelText(labels)} ${count}`,
    ]);
  }
}

/** A counter for each set of labels. */
class Counter {
  private readonly series = new Map<string, number>();

  add(labels: Labels = {}): void {
    const key = labelText(labels);
    this.series.set(key, (this.series.get(key) ?? 0) + 1);
  }

  lines(name: string): string[] {
    return [...this.series].map(([labels, value]) => `${name}${labels} ${value}`);
  }
}

const head = (name: string, type: string, help: string): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
];

/**
 * What a server counts, as Prometheus reads it (text format 0.0.4). It is a page of text; the usual library would bring as much code as the rest of
 * the server, and OpenTelemetry's API.
 */
export class Metrics {
  private readonly requests = new Counter();
  private readonly seconds = new Histogram(SECONDS);
  private readonly images = new Counter();
  private readonly corrections = new Counter();
  private readonly batchImages = new Histogram(IMAGES);
  private readonly batchSeconds = new Histogram(SECONDS);

  /** @param info labels that say what is served */
  constructor(private readonly info: Labels) {}

  /** A request that was answered. @param route one of ours, or `other`: a client does not make series */
  request(route: string, status: number, seconds: number): void {
    this.requests.add({ route, status: `${status}` });
    this.seconds.observe(seconds, { route });
  }

  /** An image that was answered for: `ok`, or the code of its refusal. */
  image(result: string): void {
    this.images.add({ result: result.toLowerCase() });
  }

  correction(): void {
    this.corrections.add();
  }

  /** A pass of the network. */
  batch(pass: 'predict' | 'explain', images: number, seconds: number): void {
    this.batchImages.observe(images, { pass });
    this.batchSeconds.observe(seconds, { pass });
  }

  /** @param waiting images that wait or are worked on */
  text(waiting: number): string {
    const { rss, heapUsed } = process.memoryUsage();
    const cpu = process.cpuUsage();
    const started = Date.now() / 1000 - process.uptime();
    return `${[
      ...head('resnet_ft_info', 'gauge', 'What is served, as labels.'),
      `resnet_ft_info${labelText(this.info)} 1`,
      ...head('resnet_ft_requests_total', 'counter', 'Requests that were answered.'),
      ...this.requests.lines('resnet_ft_requests_total'),
      ...head('resnet_ft_request_duration_seconds', 'histogram', 'From the head of a request to its answer.'),
      ...this.seconds.lines('resnet_ft_request_duration_seconds'),
      ...head('resnet_ft_images_total', 'counter', 'Images that were answered for.'),
      ...this.images.lines('resnet_ft_images_total'),
      ...head('resnet_ft_corrections_total', 'counter', 'Corrections that were kept.'),
      ...this.corrections.lines('resnet_ft_corrections_total'),
      ...head('resnet_ft_queue_images', 'gauge', 'Images that wait or are worked on.'),
      `resnet_ft_queue_images ${waiting}`,
      ...head('resnet_ft_batch_images', 'histogram', 'Images of a pass of the network.'),
      ...this.batchImages.lines('resnet_ft_batch_images'),
      ...head('resnet_ft_batch_duration_seconds', 'histogram', 'Time of a pass of the network.'),
      ...this.batchSeconds.lines('resnet_ft_batch_duration_seconds'),
      ...head('process_resident_memory_bytes', 'gauge', 'Memory of the process.'),
      `process_resident_memory_bytes ${rss}`,
      ...head('nodejs_heap_used_bytes', 'gauge', 'Memory of JavaScript.'),
      `nodejs_heap_used_bytes ${heapUsed}`,
      ...head('process_cpu_seconds_total', 'counter', 'Processor time of the process.'),
      `process_cpu_seconds_total ${(cpu.user + cpu.system) / 1e6}`,
      ...head('process_start_time_seconds', 'gauge', 'When the process began, as seconds since 1970.'),
      `process_start_time_seconds ${started.toFixed(3)}`,
    ].join('\n')}\n`;
  }
}
