package org.llava4j.data.pretraining;

import java.nio.file.Path;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.cli.RecordExecutor;
import org.llava4j.data.records.CaptionRecordReader;
import org.llava4j.data.records.RecordFiles;

/**
 * Chooses captions by their concepts: a file of captions in, a folder with those that were chosen, in their order, and
 * the report out. The text of the captions is never in memory as a whole.
 */
public final class ConceptFilter {
    /** The captions that were chosen, in the form of LLaVA's {@code metadata.json}. */
    public static final String CAPTIONS = "captions.json";

    private static final String KIND = "concepts";

    private ConceptFilter() {}

    /**
     * Chooses captions, their phrases found on all processors.
     *
     * @param captions a file that {@link CaptionRecordReader} reads
     * @param foldCase whether phrases that differ in capitals alone are one
     * @param output the folder to write; it appears when all is done
     * @throws BadInputException if a caption cannot be read, with file and line, or the place cannot be written
     */
    public static ConceptReport run(Path captions, RarestFirstSelection rule, boolean foldCase, Path output) {
        try (CaptionNounPhrases phrases = new CaptionNounPhrases(captions, foldCase)) {
            return run(phrases.reader(), RecordExecutor.runLocally(phrases), rule, InputPaths.of(captions), output);
        }
    }

    /**
     * @param phrases of each caption, in the order of the reader
     * @param inputs what they are read from
     */
    static ConceptReport run(
            CaptionRecordReader reader,
            Iterator<List<String>> phrases,
            RarestFirstSelection rule,
            InputPaths inputs,
            Path output) {
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputs)) {
            ConceptIndex index = new ConceptIndex();
            phrases.forEachRemaining(index::add);
            BitSet chosen = rule.select(index, number -> reader.get(number).id());
            ConceptReport report = ConceptReport.of(index, chosen, rule);
            RecordFiles.writeCaptions(
                    folder.path().resolve(CAPTIONS),
                    chosen.stream().mapToObj(reader::get).iterator());
            AtomicFile.writeString(
                    folder.path().resolve("report.json"), report.json().toPrettyString() + "\n");
            AtomicFile.writeString(folder.path().resolve("report.html"), report.html());
            folder.commit();
            return report;
        }
    }
}
