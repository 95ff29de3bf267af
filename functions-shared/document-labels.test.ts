import { describe, expect, test } from 'vitest'
import { fileLabels } from './document-labels.ts'
import { livePhotoFilms } from './live-photo.ts'

const files = (...names: readonly (string | null)[]) =>
  names.map((fileName, index) => ({
    id: String(index),
    kind: /\.(?:mov|mp4)$/i.test(fileName ?? '') ? 'attachment' : 'photo',
    fileName,
  }))
const labels = (...names: readonly (string | null)[]) => [...fileLabels(files(...names)).values()]
const films = (...names: readonly string[]) =>
  [...livePhotoFilms(files(...names))].map(([photo, film]) => [photo, film.fileName])

describe('labels', () => {
  test('ten files of one name have their numbers in the form', () => {
    const ten = Array.from({ length: 10 }, () => 'image.jpg')
    expect(labels(...ten)).toEqual(ten.map((name, index) => `${name} (${index + 1} of 10)`))
  })

  test('names that differ in case, or in how a letter is composed, count as the same', () => {
    expect(labels('IMG_1.jpg', 'img_1.JPG')).toEqual(['IMG_1.jpg (1 of 2)', 'img_1.JPG (2 of 2)'])
    expect(labels('Zoë.jpg', 'Zoe\u0308.jpg')).toEqual(['Zoë.jpg (1 of 2)', 'Zoe\u0308.jpg (2 of 2)'])
  })

  test('a name of its own stays as it is, and a file without a name has no label', () => {
    expect(labels('a.jpg', null, 'b.jpg', null)).toEqual(['a.jpg', 'b.jpg'])
  })
})

describe('a live photo', () => {
  test('is a picture and a film of one name', () => {
    expect(films('IMG_1.HEIC', 'other.jpg', 'IMG_1.MOV')).toEqual([['0', 'IMG_1.MOV']])
    expect(films('img_1.jpeg', 'IMG_1.mov', 'IMG_2.HEIC', 'IMG_2.mp4')).toEqual([
      ['0', 'IMG_1.mov'],
      ['2', 'IMG_2.mp4'],
    ])
  })

  test('is not guessed where several files share the name, or one of the two is missing', () => {
    expect(films('IMG_1.HEIC', 'IMG_1.jpg', 'IMG_1.MOV')).toEqual([])
    expect(films('IMG_1.HEIC', 'IMG_1.MOV', 'IMG_1.mp4')).toEqual([])
    expect(films('IMG_1.HEIC', 'IMG_2.MOV')).toEqual([])
    expect(films('.heic', '.mov')).toEqual([])
  })
})
