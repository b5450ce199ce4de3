package org.llava4j.eval.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.scienceqa.ScienceQaColumn;
import org.llava4j.data.scienceqa.Tally;

/**
 * What an evaluation found.
 *
 * @param summary one or two sentences that say what was done
 * @param chance accuracy of guessing, 0 to 1, where it is known
 * @param columns the nine columns, empty where the problems have no such fields
 * @param columnsNote what a reader must know before comparing them with the paper's
 * @param kinds accuracy by kind of problem
 * @param groups accuracy by anything else, under headings of their own
 * @param tables of anything but accuracies
 * @param timings seconds of each part, in order
 * @param seconds of the whole
 */
public record Report(
        String title,
        String summary,
        Specification specification,
        List<Headline> headlines,
        OptionalDouble chance,
        Map<ScienceQaColumn, Tally> columns,
        String columnsNote,
        Map<String, Tally> kinds,
        Map<String, Map<String, Tally>> groups,
        List<TextTable> tables,
        List<LossCurve> curves,
        List<Example> examples,
        Map<String, Double> timings,
        double seconds,
        List<String> notes) {

    /** The files that {@link #write} writes. */
    public static final List<String> FILES = List.of("report.html", "report.json", "report.md", "report.tex");

    public static Builder titled(String title) {
        return new Builder(title);
    }

    /**
     * Writes {@code report.html}, {@code report.json}, {@code report.md} and {@code report.tex}.
     *
     * @throws org.llava4j.data.BadInputException if the folder cannot be written
     */
    public void write(Path folder) {
        AtomicFile.writeString(folder.resolve("report.html"), new ReportHtml(this).render());
        AtomicFile.writeString(folder.resolve("report.json"), ReportJson.render(this));
        AtomicFile.writeString(folder.resolve("report.md"), new ReportMarkdown(this).render());
        AtomicFile.writeString(folder.resolve("report.tex"), new ReportLatex(this).render());
    }

    /** Collects a report part by part; what is not given is left out of it. */
    public static final class Builder {
        private final String title;
        private String summary = "";
        private final TreeMap<String, String> settings = new TreeMap<>();
        private final List<Headline> headlines = new ArrayList<>();
        private OptionalDouble chance = OptionalDouble.empty();
        private final Map<ScienceQaColumn, Tally> columns = new EnumMap<>(ScienceQaColumn.class);
        private String columnsNote = "";
        private final Map<String, Tally> kinds = new TreeMap<>();
        private final Map<String, Map<String, Tally>> groups = new LinkedHashMap<>();
        private final List<TextTable> tables = new ArrayList<>();
        private final List<LossCurve> curves = new ArrayList<>();
        private final List<Example> examples = new ArrayList<>();
        private final Map<String, Double> timings = new LinkedHashMap<>();
        private double seconds;
        private final List<String> notes = new ArrayList<>();

        private Builder(String title) {
            this.title = title;
        }

        public Builder summary(String sentences) {
            summary = sentences;
            return this;
        }

        /** A setting that the numbers depend on. */
        public Builder setting(String key, Object value) {
            settings.put(key, String.valueOf(value));
            return this;
        }

        public Builder headline(String key, String label, Tally tally) {
            headlines.add(new Headline(key, label, tally));
            return this;
        }

        public Builder chance(double fraction) {
            chance = OptionalDouble.of(fraction);
            return this;
        }

        public Builder columns(Map<ScienceQaColumn, Tally> tallies, String note) {
            columns.putAll(tallies);
            columnsNote = note;
            return this;
        }

        public Builder kinds(Map<String, Tally> tallies) {
            kinds.putAll(tallies);
            return this;
        }

        /** Accuracy by something, under a heading of its own. */
        public Builder group(String heading, Map<String, Tally> tallies) {
            groups.put(heading, tallies);
            return this;
        }

        public Builder table(TextTable table) {
            tables.add(table);
            return this;
        }

        public Builder curve(LossCurve curve) {
            curves.add(curve);
            return this;
        }

        public Builder example(Example example) {
            examples.add(example);
            return this;
        }

        /** How long one part took. */
        public Builder timing(String part, double secondsOfPart) {
            timings.put(part, secondsOfPart);
            return this;
        }

        /** How long all of it took. */
        public Builder seconds(double total) {
            seconds = total;
            return this;
        }

        public Builder note(String sentence) {
            notes.add(sentence);
            return this;
        }

        /** The report as collected so far. */
        public Report build() {
            return new Report(
                    title,
                    summary,
                    new Specification(settings),
                    List.copyOf(headlines),
                    chance,
                    Collections.unmodifiableMap(new EnumMap<>(columns)),
                    columnsNote,
                    Collections.unmodifiableMap(new TreeMap<>(kinds)),
                    Collections.unmodifiableMap(new LinkedHashMap<>(groups)),
                    List.copyOf(tables),
                    List.copyOf(curves),
                    List.copyOf(examples),
                    Collections.unmodifiableMap(new LinkedHashMap<>(timings)),
                    seconds,
                    List.copyOf(notes));
        }
    }
}
