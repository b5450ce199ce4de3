package org.llava4j.eval.llavabench;

import java.util.List;
import org.llava4j.eval.report.ReportTable;

/** Published LLaVA-Bench results (Liu et al. 2023, tables 4 and 5), shown next to this run's scores. */
final class PaperResults {
    private static final List<String> HEAD = List.of("", "Conv", "Detail", "Complex", "All");

    private PaperResults() {}

    static final ReportTable COCO = new ReportTable(
            "Published results: LLaVA-Bench (COCO)",
            HEAD,
            List.of(
                    List.of("full data", "83.1", "75.3", "96.5", "85.1"),
                    List.of("detail + complex", "81.5", "73.3", "90.8", "81.9"),
                    List.of("conv + 5 % detail + 10 % complex", "81.0", "68.4", "91.5", "80.5"),
                    List.of("conv", "76.5", "59.8", "84.9", "73.8"),
                    List.of("no instruction tuning", "22.0", "24.0", "18.5", "21.5")),
            "By instruction-tuning data.");

    static final ReportTable IN_THE_WILD = new ReportTable(
            "Published results: LLaVA-Bench (In-the-Wild)",
            HEAD,
            List.of(
                    List.of("OpenFlamingo", "19.3", "19.0", "19.1", "19.1"),
                    List.of("BLIP-2", "54.6", "29.1", "32.9", "38.1"),
                    List.of("LLaVA", "57.3", "52.5", "81.7", "67.3")),
            "Scores of different judges are not comparable.");
}
