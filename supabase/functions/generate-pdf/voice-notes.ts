/** The voice notes: their transcripts, with the time of each segment. */

import { formatTime } from './format.ts'
import { COLORS, COLUMN, PAGE, type Paper, STYLES } from './paper.ts'
import type { StructureElement } from './pdfkit.ts'
import type { ReportDocument, Transcript } from './source.ts'
import { drawTable } from './table.ts'

export function drawVoiceNotes(
  paper: Paper,
  parent: StructureElement,
  voiceNotes: readonly ReportDocument[],
  transcripts: readonly Transcript[],
): void {
  for (const [index, document] of voiceNotes.entries()) {
    const name = paper.words.say('transcript.title', { number: index + 1 })
    const section = paper.element(parent, 'Sect', { title: name })
    paper.ensure(80)
    paper.heading(section, document.label === null ? name : `${name}: ${document.label}`, 2)
    const transcript = transcripts.find(({ documentId }) => documentId === document.id)
    drawTranscript(paper, section, transcript, document)
    section.end()
    paper.y += 12
  }
}

function drawTranscript(
  paper: Paper,
  section: StructureElement,
  transcript: Transcript | undefined,
  document: ReportDocument,
): void {
  const { words } = paper
  const { state, error } = transcript?.work ?? document.work
  if (state === 'failed') {
    drawWarning(paper, section, null, `${words.say('transcript.failed')} ${error ?? ''}`)
    return
  }
  if (transcript === undefined || state === 'pending') {
    paper.text(section, words.say('transcript.pending'))
    return
  }
  paper.text(section, describe(transcript, paper), { style: STYLES.small, after: 5 })
  if (transcript.simulated) {
    drawWarning(paper, section, words.say('transcript.simulatedTitle'), words.say('transcript.simulated'))
  }
  const text = (transcript.text ?? '').trim()
  if (transcript.segments.length > 0) {
    drawTable(paper, section, {
      title: words.say('section.voiceNotes'),
      columns: [
        [words.say('table.time'), 1, STYLES.columnTitle],
        [words.say('table.text'), 8],
      ],
      rows: transcript.segments.map((segment) => [formatTime(segment.start), segment.text.trim()]),
    })
  } else {
    paper.text(section, text === '' ? words.say('transcript.empty') : text)
  }
}

function describe({ duration, wordCount, language, provider, model }: Transcript, { words }: Paper): string {
  const facts: (readonly [string, string | null])[] = [
    [words.say('transcript.duration'), duration === null ? null : formatTime(duration)],
    [words.say('transcript.words'), wordCount === null ? null : String(wordCount)],
    [words.say('transcript.language'), language],
    [words.say('transcript.provider'), [provider, model].filter((part) => part !== null).join(', ') || null],
  ]
  return facts.flatMap(([label, value]) => (value === null ? [] : [`${label}: ${value}`])).join('   ·   ')
}

function drawWarning(paper: Paper, section: StructureElement, title: string | null, text: string): void {
  const style = { ...STYLES.body, color: COLORS.warning }
  const lines = paper.lines(paper.clean(text).text, COLUMN - 28, style)
  const titleHeight = title === null ? 0 : STYLES.strong.leading
  const height = lines.length * style.leading + titleHeight + 20
  paper.ensure(height + 8)
  paper.box(PAGE.left, paper.y, COLUMN, height, COLORS.warningTint, 4)
  const element = paper.element(section, 'P')
  if (title !== null) {
    paper.put(element, 'P', [title], PAGE.left + 14, paper.y + 10, {
      ...STYLES.strong,
      color: COLORS.warning,
    })
  }
  paper.put(element, 'P', lines, PAGE.left + 14, paper.y + 10 + titleHeight, style)
  element.end()
  paper.y += height + 8
}
