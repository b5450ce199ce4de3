package org.llava4j.data.pretraining;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.Sha256;
import org.llava4j.data.captions.Caption;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.pretraining.CaptionInstructions.ImagePosition;
import org.llava4j.data.records.CaptionRecordReader;

/**
 * Processor of the captions of a file.
 *
 * @param captions the file
 * @param settings everything else that results depend on
 * @param reader of the file
 * @param <R> result of one caption
 */
record CaptionProcessor<R>(Path captions, String settings, CaptionRecordReader reader, Function<Caption, R> function)
        implements RecordProcessor<R> {

    /**
     * Extracts the noun phrases of captions, which takes most of the time of concept filtering.
     *
     * @param foldCase whether phrases that differ in case only are the same
     * @throws org.llava4j.data.BadInputException if the file is missing, malformed or empty
     */
    static CaptionProcessor<List<String>> nounPhrases(Path captions, boolean foldCase) {
        ThreadLocal<NounPhraseExtractor> extractor = ThreadLocal.withInitial(() -> new NounPhraseExtractor(foldCase));
        return new CaptionProcessor<>(
                captions,
                "fold case " + foldCase,
                CaptionRecordReader.openNonEmpty(captions),
                caption -> extractor.get().extract(caption.text()));
    }

    /**
     * Expands captions to samples of stage 1.
     *
     * @throws org.llava4j.data.BadInputException if the file is missing, malformed or empty
     */
    static CaptionProcessor<Conversation> expanded(
            Path captions, CaptionInstructions instructions, ImagePosition position, long seed) {
        return new CaptionProcessor<>(
                captions,
                instructions + ", " + position + ", seed " + seed,
                CaptionRecordReader.openNonEmpty(captions),
                caption -> instructions.expand(caption, position, seed));
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
    public Fingerprint identity() {
        return new Fingerprint.Builder()
                .add("captions", "sha256 " + Sha256.of(captions))
                .add("settings", settings)
                .build();
    }

    @Override
    public R process(int number) {
        return function.apply(reader.get(number));
    }

    @Override
    public void close() {
        reader.close();
    }
}
