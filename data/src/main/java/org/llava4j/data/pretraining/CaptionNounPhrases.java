package org.llava4j.data.pretraining;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.cli.RecordProcessor;
import org.llava4j.data.records.CaptionRecordReader;

/** The noun phrases of each caption of a file: nearly all of the time that a choice by concepts takes. */
final class CaptionNounPhrases implements RecordProcessor<List<String>> {
    private final CaptionRecordReader reader;
    private final ThreadLocal<NounPhraseExtractor> tagger;

    /**
     * @param foldCase whether phrases that differ in capitals alone are one
     * @throws org.llava4j.data.BadInputException if the file is missing, broken or empty
     */
    CaptionNounPhrases(Path captions, boolean foldCase) {
        reader = CaptionRecordReader.openNonEmpty(captions);
        tagger = ThreadLocal.withInitial(() -> new NounPhraseExtractor(foldCase));
    }

    CaptionRecordReader reader() {
        return reader;
    }

    @Override
    public String unit() {
        return "captions";
    }

    @Override
    public int size() {
        return reader.size();
    }

    @Override
    public List<String> process(int number) {
        return new ArrayList<>(tagger.get().extract(reader.get(number).text()));
    }

    @Override
    public void close() {
        reader.close();
    }
}
