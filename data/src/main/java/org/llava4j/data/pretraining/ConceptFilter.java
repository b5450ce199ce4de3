package org.llava4j.data.pretraining;

import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.ProgressOfWork;
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
    private static final int AT_ONCE = 4096;

    private ConceptFilter() {}

    /**
     * Chooses captions.
     *
     * @param captions a file that {@link CaptionRecordReader} reads
     * @param foldCase whether phrases that differ in capitals alone are one
     * @param output the folder to write; it appears when all is done
     * @throws BadInputException if a caption cannot be read, with file and line, or the place cannot be written
     */
    public static ConceptReport run(Path captions, RarestFirst rule, boolean foldCase, Path output) {
        return run(captions, rule, foldCase, output, ConceptFilter::onAllProcessors);
    }

    /** The same with phrases found elsewhere. */
    public static ConceptReport run(
            Path captions, RarestFirst rule, boolean foldCase, Path output, PhraseFinder finder) {
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND);
                CaptionRecordReader reader = CaptionRecordReader.open(captions)) {
            if (reader.size() == 0) {
                throw new BadInputException(captions + ": there are no captions; check the file");
            }
            ConceptIndex index = new ConceptIndex();
            finder.find(captions, reader, foldCase, index::add);
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

    static void onAllProcessors(
            Path captions, CaptionRecordReader reader, boolean foldCase, Consumer<List<String>> inOrder) {
        ThreadLocal<NounPhrases> tagger = ThreadLocal.withInitial(() -> new NounPhrases(foldCase));
        ProgressOfWork progress = new ProgressOfWork("captions", reader.size());
        for (int begin = 0; begin < reader.size(); begin += AT_ONCE) {
            List<List<String>> phrases = IntStream.range(begin, Math.min(begin + AT_ONCE, reader.size()))
                    .parallel()
                    .mapToObj(number -> tagger.get().of(reader.get(number).text()))
                    .toList();
            phrases.forEach(inOrder);
            progress.add(phrases.size());
        }
    }
}
