/** The texts of a report that do not come from its claim, in each language. */

import type { MissingScript } from './scripts.ts'

const LANGUAGES = ['en', 'de'] as const

/** English, then German. A text may have placeholders: `{count}`. */
// biome-ignore format: one text a line, so that the languages can be compared
const TEXTS = {
  'report': ['Incident report', 'Unfallbericht'],
  'contents': ['Contents', 'Inhalt'],
  'section.incident': ['Incident', 'Unfall'],
  'section.parties': ['Parties', 'Beteiligte'],
  'section.vehicles': ['Vehicles', 'Fahrzeuge'],
  'section.narrative': ['What happened', 'Hergang'],
  'section.voiceNotes': ['Voice notes', 'Sprachnotizen'],
  'section.photos': ['Photos', 'Fotos'],
  'section.files': ['Files and their hashes', 'Dateien und ihre Prüfsummen'],
  'section.about': ['About this report', 'Über diesen Bericht'],
  'fact.date': ['Date of the incident', 'Tag des Unfalls'],
  'fact.place': ['Place', 'Ort'],
  'fact.police': ['Police reference', 'Polizeiliches Aktenzeichen'],
  'fact.reported': ['Reported', 'Gemeldet'],
  'fact.reporter': ['Reported by', 'Gemeldet von'],
  'fact.claim': ['Claim', 'Schadenfall'],
  'fact.report': ['Report', 'Bericht'],
  'fact.files': ['Files', 'Dateien'],
  'table.question': ['Question', 'Frage'],
  'table.answer': ['Answer', 'Antwort'],
  'table.party': ['Party', 'Beteiligte'],
  'table.vehicle': ['Vehicle', 'Fahrzeug'],
  'table.time': ['Time', 'Zeit'],
  'table.text': ['Text', 'Text'],
  'file.name': ['File', 'Datei'],
  'file.kind': ['Kind', 'Art'],
  'file.size': ['Size', 'Größe'],
  'file.received': ['Received (UTC)', 'Eingang (UTC)'],
  'kind.photo': ['Photo', 'Foto'],
  'kind.audio': ['Voice note', 'Sprachnotiz'],
  'kind.attachment': ['Attachment', 'Anhang'],
  'role.reporter': ['Reporter', 'Meldende Person'],
  'role.ownDriver': ['Own driver', 'Eigener Fahrer'],
  'role.otherDriver': ['Other driver', 'Anderer Fahrer'],
  'role.driver': ['Driver', 'Fahrer'],
  'role.party': ['Party', 'Beteiligte Person'],
  'role.otherParty': ['Other party', 'Andere Partei'],
  'role.passenger': ['Passenger', 'Mitfahrer'],
  'role.witness': ['Witness', 'Zeuge'],
  'role.owner': ['Owner', 'Halter'],
  'role.pedestrian': ['Pedestrian', 'Fußgänger'],
  'role.cyclist': ['Cyclist', 'Radfahrer'],
  'party.name': ['Name', 'Name'],
  'party.role': ['Role', 'Rolle'],
  'party.phone': ['Phone', 'Telefon'],
  'party.email': ['E-mail', 'E-Mail'],
  'party.address': ['Address', 'Anschrift'],
  'party.born': ['Born', 'Geboren'],
  'party.licence': ['Driving licence', 'Führerschein'],
  'party.insurer': ['Insurer', 'Versicherer'],
  'party.policy': ['Policy', 'Police'],
  'party.claim': ['Insurer’s claim', 'Schadennummer'],
  'party.injury': ['Injuries', 'Verletzungen'],
  'party.statement': ['Statement', 'Aussage'],
  'contact': ['Contact', 'Kontakt'],
  'insuranceAndMore': ['Insurance and more', 'Versicherung und Weiteres'],
  'makeAndModel': ['Make and model', 'Marke und Modell'],
  'side.own': ['Own vehicle', 'Eigenes Fahrzeug'],
  'side.other': ['Other vehicle', 'Anderes Fahrzeug'],
  'side.any': ['Vehicle', 'Fahrzeug'],
  'vehicle.plate': ['Registration', 'Kennzeichen'],
  'vehicle.make': ['Make', 'Marke'],
  'vehicle.model': ['Model', 'Modell'],
  'vehicle.year': ['Year', 'Baujahr'],
  'vehicle.colour': ['Colour', 'Farbe'],
  'vehicle.vin': ['VIN', 'FIN'],
  'vehicle.insurer': ['Insurer', 'Versicherer'],
  'vehicle.policy': ['Policy', 'Police'],
  'vehicle.mileage': ['Mileage', 'Kilometerstand'],
  'vehicle.damage': ['Damage', 'Schaden'],
  'vehicle.drivable': ['Drivable', 'Fahrbereit'],
  'vehicle.owner': ['Owner', 'Halter'],
  'vehicle.driver': ['Driver', 'Fahrer'],
  'photo.taken': ['Taken', 'Aufgenommen'],
  'photo.cameraTime': ['by the camera’s clock, without time zone', 'nach der Uhr der Kamera, ohne Zeitzone'],
  'photo.time.digitized': ['when it was digitised', 'Zeitpunkt der Digitalisierung'],
  'photo.time.modified': ['when the file was last changed', 'letzte Änderung der Datei'],
  'photo.time.gps': ['of its position', 'Zeitpunkt der Position'],
  'photo.position': ['Position', 'Position'],
  'photo.camera': ['Camera', 'Kamera'],
  'photo.received': ['Received', 'Eingang'],
  'photo.file': ['File', 'Datei'],
  'photo.pixels': ['Size', 'Größe'],
  'photo.sha256': ['SHA-256 of the original', 'SHA-256 des Originals'],
  'photo.unknown': ['not recorded', 'nicht aufgezeichnet'],
  'photo.noPreview': ['This photo has no preview. The original is kept unaltered and can be downloaded from the claim.', 'Von diesem Foto gibt es keine Vorschau. Das Original ist unverändert aufbewahrt und kann im Schadenfall heruntergeladen werden.'],
  'photo.failed': ['This photo could not be processed:', 'Dieses Foto konnte nicht verarbeitet werden:'],
  'photo.pending': ['This photo had not been processed when the report was made.', 'Dieses Foto war noch nicht verarbeitet, als der Bericht entstand.'],
  'photo.sameAs': ['Same file as', 'Dieselbe Datei wie'],
  'photo.tooMany': ['Shown small, as the photos of this claim would make the file too large.', 'Klein gezeigt, da die Fotos dieses Falls die Datei zu groß machen würden.'],
  'transcript.duration': ['Duration', 'Dauer'],
  'transcript.words': ['Words', 'Wörter'],
  'transcript.language': ['Language', 'Sprache'],
  'transcript.provider': ['Recognised by', 'Erkannt von'],
  'transcript.simulatedTitle': ['Simulated transcript', 'Simulierte Mitschrift'],
  'transcript.simulated': ['No speech recognition was set up. The text below is a stand-in and not what was said; listen to the recording.', 'Es war keine Spracherkennung eingerichtet. Der folgende Text ist ein Platzhalter und nicht das Gesagte; bitte die Aufnahme anhören.'],
  'transcript.failed': ['This voice note could not be transcribed:', 'Diese Sprachnotiz konnte nicht mitgeschrieben werden:'],
  'transcript.pending': ['This voice note had not been transcribed when the report was made.', 'Diese Sprachnotiz war noch nicht mitgeschrieben, als der Bericht entstand.'],
  'transcript.empty': ['Nothing was recognised.', 'Es wurde nichts erkannt.'],
  'narrativeMissing': ['The reporter left no description; see the voice notes.', 'Es gibt keine Beschreibung; siehe die Sprachnotizen.'],
  'none.parties': ['The report names no parties.', 'Die Meldung nennt keine Beteiligten.'],
  'none.vehicles': ['The report names no vehicles.', 'Die Meldung nennt keine Fahrzeuge.'],
  'none.photos': ['There are no photos.', 'Es gibt keine Fotos.'],
  'none.files': ['There are no files.', 'Es gibt keine Dateien.'],
  'yes': ['Yes', 'Ja'],
  'no': ['No', 'Nein'],
  'marksNote': ['Marks in square brackets, such as [2 characters: Chinese], stand for characters that this document cannot show. Screen readers are given the original text, and the claim has it.', 'Angaben in eckigen Klammern wie [2 Zeichen: chinesisch] stehen für Zeichen, die dieses Dokument nicht zeigen kann. Vorleseprogramme erhalten den ursprünglichen Text, und im Schadenfall steht er auch.'],
  'page': ['Page {number} of {count}', 'Seite {number} von {count}'],
  'photo.title': ['Photo {number}', 'Foto {number}'],
  'transcript.title': ['Voice note {number}', 'Sprachnotiz {number}'],
  'count.photo': ['1 photo', '1 Foto'],
  'count.photos': ['{count} photos', '{count} Fotos'],
  'count.voiceNote': ['1 voice note', '1 Sprachnotiz'],
  'count.voiceNotes': ['{count} voice notes', '{count} Sprachnotizen'],
  'count.other': ['1 other file', '1 weitere Datei'],
  'count.others': ['{count} other files', '{count} weitere Dateien'],
  'about.automatic': ['Made by Claimwire on {created}, by itself, when the work on the photos and voice notes of the claim had ended.', 'Erstellt von Claimwire am {created}, von selbst, als die Arbeit an Fotos und Sprachnotizen des Falls beendet war.'],
  'about.requested': ['Made by Claimwire on {created}, at the request of a member of the claim.', 'Erstellt von Claimwire am {created}, auf Wunsch eines Mitglieds des Falls.'],
  'about.statements': ['What people stated is reproduced as they entered it; it has not been verified. Time, position and camera of photos are what the files say of themselves.', 'Angaben von Personen sind wiedergegeben, wie sie eingegeben wurden; niemand hat sie geprüft. Zeit, Position und Kamera der Fotos sind, was die Dateien über sich selbst sagen.'],
  'about.originals': ['Each original file is kept byte for byte as it was received. Its SHA-256 shows whether a copy is the same: whoever changes a single byte gets another hash.', 'Jede Originaldatei ist Byte für Byte so aufbewahrt, wie sie einging. Ihr SHA-256 zeigt, ob eine Kopie dieselbe ist: Wer ein einziges Byte ändert, erhält eine andere Prüfsumme.'],
  custodyHead: ['When this report was begun, the custody log of the claim had {number} entries. Whoever keeps this page can prove later that the log up to there, and each file in the list, is unchanged. Hash of the last entry:', 'Als dieser Bericht begonnen wurde, hatte das Verwahrungsprotokoll des Falls {number} Einträge. Mit dieser Seite lässt sich später beweisen, dass das Protokoll bis dahin und jede Datei der Liste unverändert sind. Prüfsumme des letzten Eintrags:'],
  'missing.emoji': ['[emoji]', '[Emoji]'],
  'missing.emojis': ['[{count} emoji]', '[{count} Emoji]'],
  'missing.character': ['[1 character: {script}]', '[1 Zeichen: {script}]'],
  'missing.characters': ['[{count} characters: {script}]', '[{count} Zeichen: {script}]'],
  'script.japanese': ['Japanese', 'japanisch'],
  'script.korean': ['Korean', 'koreanisch'],
  'script.chinese': ['Chinese', 'chinesisch'],
  'script.arabic': ['Arabic', 'arabisch'],
  'script.hebrew': ['Hebrew', 'hebräisch'],
  'script.thai': ['Thai', 'thailändisch'],
  'script.devanagari': ['Devanagari', 'Devanagari'],
  'script.georgian': ['Georgian', 'georgisch'],
  'script.armenian': ['Armenian', 'armenisch'],
  'script.emoji': ['emoji', 'Emoji'],
  'script.other': ['other', 'sonstige'],
} as const satisfies Record<string, readonly [english: string, german: string]>

export type TextKey = keyof typeof TEXTS

export interface Words {
  /** BCP 47 tag. */
  readonly language: string
  /** @param values for the placeholders */
  say(key: TextKey, values?: Readonly<Record<string, string | number>>): string
}

/** The texts in the language of a BCP 47 tag; in English where that language is missing. */
export function wordsFor(tag: string): Words {
  const [wanted] = tag.toLowerCase().split('-')
  const index = wanted === 'de' ? 1 : 0
  return {
    language: LANGUAGES[index],
    say: (key, values = {}) =>
      TEXTS[key][index].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '')),
  }
}

export function fileCounts({ say }: Words, photos: number, voiceNotes: number, others: number): string {
  return [
    say(photos === 1 ? 'count.photo' : 'count.photos', { count: photos }),
    say(voiceNotes === 1 ? 'count.voiceNote' : 'count.voiceNotes', { count: voiceNotes }),
    say(others === 1 ? 'count.other' : 'count.others', { count: others }),
  ].join(', ')
}

/** The mark that stands for characters that the fonts lack. */
export function missingCharacters({ say }: Words, count: number, script: MissingScript): string {
  if (script === 'emoji') return say(count === 1 ? 'missing.emoji' : 'missing.emojis', { count })
  return say(count === 1 ? 'missing.character' : 'missing.characters', {
    count,
    script: say(`script.${script}`),
  })
}
