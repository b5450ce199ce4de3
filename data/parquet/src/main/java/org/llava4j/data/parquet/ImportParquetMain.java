package org.llava4j.data.parquet;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.cli.ProgressLogger;

/** Command {@code exec:java@import-parquet}: imports a Parquet dataset with its images. */
public final class ImportParquetMain extends Command {
    public ImportParquetMain() {
        super("import-parquet", "Imports ScienceQA or conversations from Parquet files with images inside.");
    }

    public static void main(String[] args) {
        new ImportParquetMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("data-path", "PATH", "a .parquet file, or a folder of them, as the hub has it"))
                .addOption(required("output-dir", "DIR", "output folder: JSON files and the folder images"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        Map<String, List<Path>> splits = ParquetShards.bySplit(path(line, "data-path"));
        ProgressLogger progress = new ProgressLogger("rows", ParquetShards.rows(splits));
        ParquetImport.run(splits, output, progress::add).forEach(System.out::println);
        System.out.println("wrote " + output);
    }
}
