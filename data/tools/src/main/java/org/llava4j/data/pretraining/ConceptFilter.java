package org.llava4j.data.pretraining;

import java.nio.file.Path;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.records.CaptionRecordReader;
import org.llava4j.data.records.RecordFiles;

/**
 * Filter of captions by noun-phrase frequency. Reads a file of captions and writes a folder with the selected captions,
 * in their order, and a report. The captions are never in memory together.
 */
public final class ConceptFilter {
    /** Name of the file of selected captions, in the format of LLaVA's {@code metadata.json}. */
    public static final String CAPTIONS = "captions.json";

    private static final String KIND = "concepts";

    private ConceptFilter() {}

    /**
     * Selects captions by given phrases.
     *
     * @param phrases phrases of each caption, in the order of the reader
     * @param selection selection algorithm and its parameters
     * @param inputs files that they are read from
     * @param output output folder; it appears when all is written
     * @throws BadInputException if a caption is invalid (with file and line), or the output folder cannot be written
     */
    static ConceptReport run(
            CaptionRecordReader reader,
            Iterator<List<String>> phrases,
            RarestFirstSelection selection,
            InputPaths inputs,
            Path output) {
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputs)) {
            ConceptIndex index = new ConceptIndex();
            phrases.forEachRemaining(index::add);
            BitSet selected =
                    selection.select(index, number -> reader.get(number).id());
            ConceptReport report = ConceptReport.of(index, selected, selection);
            RecordFiles.writeCaptions(
                    folder.path().resolve(CAPTIONS),
                    selected.stream().mapToObj(reader::get).iterator());
            AtomicFile.writeString(
                    folder.path().resolve("report.json"), report.json().toPrettyString() + "\n");
            AtomicFile.writeString(folder.path().resolve("report.html"), report.html());
            folder.commit();
            return report;
        }
    }
}
