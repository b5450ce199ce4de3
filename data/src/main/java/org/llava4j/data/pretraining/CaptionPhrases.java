package org.llava4j.data.pretraining;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.cli.Records;
import org.llava4j.data.records.CaptionRecordReader;

/** The noun phrases of each caption of a file: nearly all of the time that a choice by concepts takes. */
final class CaptionPhrases implements Records<List<String>> {
    private final CaptionRecordReader reader;
    private final ThreadLocal<NounPhrases> tagger;

    /**
     * @param foldCase whether phrases that differ in capitals alone are one
     * @throws org.llava4j.data.BadInputException if the file is missing, broken or empty
     */
    CaptionPhrases(Path captions, boolean foldCase) {
        reader = CaptionRecordReader.openSome(captions);
        tagger = ThreadLocal.withInitial(() -> new NounPhrases(foldCase));
    }

    CaptionRecordReader reader() {
        return reader;
    }

    @Override
    public String what() {
        return "captions";
    }

    @Override
    public int size() {
        return reader.size();
    }

    @Override
    public List<String> of(int number) {
        return new ArrayList<>(tagger.get().of(reader.get(number).text()));
    }

    @Override
    public void close() {
        reader.close();
    }
}
