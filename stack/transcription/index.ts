/** The stand-in for a transcription service. */
export {
  type SimulatedCall,
  type SimulatorFault,
  type SimulatorOptions,
  startTranscriptionSimulator,
  type TranscriptionSimulator,
} from './simulator.ts'
