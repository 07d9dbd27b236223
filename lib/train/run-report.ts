import { oneLine } from '../errors';
import { readIfThere } from '../files/regular-file';
import type { ResolvedTrainOptions } from '../options';
import { REPORT, REPORT_DATA, type ReportData } from '../report/records';
import { isReportData } from '../report/shapes';
import { jsonText } from '../text/json';
import type { Account } from './account';
import type { TrainEvent } from './events';
import type { OpenTraining } from './open-training';
import { predictions } from './predictions';
import type { RunFolder } from './run-folder';
import { seenBatches } from './seen';
import { runSteps } from './steps';

/** The page and the model card about a run, from its beginning to its end. Nothing of them ever fails the run: a note says what went wrong. */
export class RunReport {
  private batches: ReportData['batches'] = [];
  private stepsPerEpoch: number | undefined;

  constructor(
    private readonly folder: RunFolder,
    private readonly account: Account,
    private readonly emit: (event: TrainEvent) => void,
    private readonly wanted: Pick<ResolvedTrainOptions, 'report' | 'card'>,
  ) {}

  /** Keeps how the training images look, before the epoch that is next: also for a page about a run that is killed, or goes on. */
  async begin({ session, cropped, parts }: OpenTraining, options: ResolvedTrainOptions, epoch: number): Promise<void> {
    if (!this.wanted.report) return;
    ({ stepsPerEpoch: this.stepsPerEpoch } = runSteps(cropped.train.targets.length, options));
    await this.attempt('the training images are not in the report', async () => {
      this.batches = await seenBatches(session, cropped, options, { epoch, classes: parts.dataset.classes });
      await this.writeData();
    });
  }

  /** Writes both of what the run's folder holds; of a run that was stopped, the page also has what it knew beside. */
  async write(open?: Pick<OpenTraining, 'cropped' | 'parts'>): Promise<void> {
    if (this.wanted.card) await this.writeCard();
    if (this.wanted.report) await this.writePage(open);
  }

  private async writeCard(): Promise<void> {
    await this.attempt('the model card was not written', async () => {
      const { CARD, editedNote, writeCard } = await import('../card/write.js');
      const { runFacts } = await import('../card/facts.js');
      const facts = await runFacts(this.folder.path);
      const written = await this.folder.guard(CARD, () => writeCard(this.folder.path, facts));
      const note = editedNote(written);
      if (note !== undefined) this.emit({ kind: 'note', note });
    });
  }

  private async writePage(open?: Pick<OpenTraining, 'cropped' | 'parts'>): Promise<void> {
    await this.attempt(`${REPORT} was not written`, async () => {
      await this.writeData();
      const { writeReport } = await import('../report/write.js');
      const best = this.account.stopped?.best;
      const known =
        best === undefined || open === undefined
          ? undefined
          : {
              predictions: predictions(open.cropped.val.kept, open.parts.dataset.classes, best.logits),
              loss: best.record.valLoss,
            };
      const { file } = await writeReport(this.folder.path, { validation: known });
      this.emit({ kind: 'report', file });
    });
  }

  private async writeData(): Promise<void> {
    const { spent, told } = this.account;
    const { stepsPerEpoch, batches } = this;
    const data: ReportData = { phases: spent.phases, notes: told, stepsPerEpoch, batches };
    await this.folder.write(REPORT_DATA, jsonText(data));
  }

  private async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.emit({ kind: 'note', note: `${what}: ${oneLine(error instanceof Error ? error.message : String(error))}` });
    }
  }
}

/** What a run said before it is resumed; nothing where its folder does not tell, or no more: to be without it fails no run. */
export async function notesOfReport(folder: RunFolder): Promise<string[]> {
  try {
    const data: unknown = JSON.parse(String(await readIfThere(folder.file(REPORT_DATA))));
    return isReportData(data) ? ((data as Partial<ReportData>).notes ?? []) : [];
  } catch {
    return [];
  }
}
