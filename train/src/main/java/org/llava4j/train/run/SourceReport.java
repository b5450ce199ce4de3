package org.llava4j.train.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.llava4j.data.EnumName;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.data.StageData;
import org.llava4j.train.logging.TrainingListener;

/** The data sources of a run in its notices and its report. */
final class SourceReport {
    private SourceReport() {}

    /**
     * Reports each source of a run with several, and files of both layouts, before the first step; {@code run.json} has
     * the layouts of all files.
     */
    static void notify(List<DataSource> sources, StageData data, TrainingListener listener) {
        for (int i = 0; i < sources.size(); i++) {
            if (sources.size() > 1) {
                listener.notice(String.format(
                        Locale.ROOT,
                        "data source %d: %s, %s, %,d samples",
                        i + 1,
                        sources.get(i).data(),
                        EnumName.of(data.format(i)),
                        data.samples(i)));
            }
            LayoutCounts layouts = data.layouts(i);
            if (layouts != null && layouts.isMixed()) {
                listener.notice(sources.get(i).data() + ": " + layouts.phrase());
            }
        }
    }

    /**
     * The sources in the report of a run.
     *
     * @param samplesSeen samples seen of each source
     */
    static List<RunReport.Source> of(List<DataSource> sources, StageData data, List<Long> samplesSeen) {
        long all = samplesSeen.stream().mapToLong(Long::longValue).sum();
        List<RunReport.Source> reported = new ArrayList<>();
        for (int i = 0; i < samplesSeen.size(); i++) {
            long seen = samplesSeen.get(i);
            reported.add(new RunReport.Source(
                    sources.get(i).data().toString(),
                    EnumName.of(data.format(i)),
                    data.samples(i),
                    sources.get(i).weight(),
                    seen,
                    (double) seen / Math.max(1, all),
                    data.layouts(i)));
        }
        return reported;
    }
}
