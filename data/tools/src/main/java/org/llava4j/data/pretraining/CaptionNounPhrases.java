package org.llava4j.data.pretraining;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.records.CaptionRecordReader;

/** Noun phrases of each caption of a file. Their extraction takes most of the time of concept filtering. */
final class CaptionNounPhrases implements RecordProcessor<List<String>> {
    private final CaptionRecordReader reader;
    private final ThreadLocal<NounPhraseExtractor> tagger;

    /**
     * Opens a file of captions.
     *
     * @param foldCase whether phrases that differ in case only are the same
     * @throws org.llava4j.data.BadInputException if the file is missing, malformed or empty
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
