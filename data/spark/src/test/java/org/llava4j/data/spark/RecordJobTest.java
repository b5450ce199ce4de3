package org.llava4j.data.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.pretraining.ConceptFilter;
import org.llava4j.data.pretraining.ExpandCaptionsMain;
import org.llava4j.data.pretraining.FilterConceptsMain;

/** Commands over records write the same files on a cluster as locally, byte for byte. */
@Tag("spark")
class RecordJobTest {
    private static final int CAPTIONS = 40_000;
    private static final List<String> THINGS = List.of(
            "dog",
            "red house",
            "old bridge",
            "market",
            "green field",
            "boat",
            "wooden table",
            "cloud",
            "street lamp",
            "small child",
            "mountain",
            "yellow taxi",
            "garden",
            "violin",
            "lighthouse");

    @TempDir
    private Path temp;

    private Path captions() throws IOException {
        Random random = new Random(3);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < CAPTIONS; i++) {
            String rare = random.nextInt(50) == 0 ? " and a thing " + random.nextInt(3000) : "";
            lines.append("a ")
                    .append(THINGS.get(random.nextInt(THINGS.size())))
                    .append(" near the ")
                    .append(THINGS.get(random.nextInt(THINGS.size())))
                    .append(rare)
                    .append("\thttp://example.org/")
                    .append(i)
                    .append(".jpg\n");
        }
        return Files.writeString(temp.resolve("captions.tsv"), lines);
    }

    private static String bytes(Path folder, String file) throws IOException {
        return Files.readString(folder.resolve(file));
    }

    private static String[] flags(String input, String output, String where) {
        return new String[] {"--data-path", input, output, where};
    }

    private void assertSame(Path there, Path here) throws IOException {
        for (String file : List.of(ConceptFilter.CAPTIONS, "report.json", "report.html")) {
            assertThat(bytes(there, file).equals(bytes(here, file))).as(file).isTrue();
        }
    }

    /** Kills a worker as soon as it has started with the captions, long before they are done. */
    private static Thread killer(LoopbackCluster cluster, JavaSparkContext spark) {
        Thread killer = new Thread(() -> {
            while (spark.statusTracker().getJobIdsForGroup(null).length < 2) {
                Thread.onSpinWait();
            }
            cluster.killWorker(0);
        });
        killer.start();
        return killer;
    }

    @Test
    void runWritesSameFilesAsLocalAfterWorkerIsKilled() throws Exception {
        Path captions = captions();
        FilterConceptsMain.main(
                flags(captions.toString(), "--output-dir", temp.resolve("here").toString()));
        Path expanded = temp.resolve("here.json");
        ExpandCaptionsMain.main(flags(captions.toString(), "--output", expanded.toString()));
        try (LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2);
                JavaSparkContext spark = new JavaSparkContext(cluster.conf("test"))) {
            Thread killer = killer(cluster, spark);
            Path there = temp.resolve("there");
            RecordJob.run(spark, FilterConceptsMain::new, flags(captions.toString(), "--output-dir", there.toString()));
            killer.join();
            assertThat(spark.sc().statusTracker().getExecutorInfos()).hasSize(2); // the driver and one worker
            assertSame(there, temp.resolve("here"));
            RecordJob.run(
                    spark,
                    ExpandCaptionsMain::new,
                    flags(
                            captions.toString(),
                            "--output",
                            temp.resolve("there.json").toString()));
            assertThat(Files.mismatch(temp.resolve("there.json"), expanded)).isEqualTo(-1);
        }
    }

    @Test
    void runReadsAndWritesHdfs() throws Exception {
        Path captions = captions();
        FilterConceptsMain.main(
                flags(captions.toString(), "--output-dir", temp.resolve("here").toString()));
        System.setProperty("test.build.data", temp.resolve("hdfs").toString());
        try (MiniDFSCluster hdfs = new MiniDFSCluster.Builder(new Configuration())
                        .numDataNodes(1)
                        .build();
                LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2);
                JavaSparkContext spark = new JavaSparkContext(cluster.conf("test"))) {
            FileSystem files = hdfs.getFileSystem();
            String home = files.getUri() + "/data";
            files.copyFromLocalFile(
                    new org.apache.hadoop.fs.Path(captions.toUri()),
                    new org.apache.hadoop.fs.Path(home, "captions.tsv"));
            // Of a repeated flag the last value counts: the others are neither downloaded nor written.
            String[] flags = {
                "--data-path",
                home + "/gone.tsv",
                "--output-dir=" + home + "/other",
                "--data-path=" + home + "/captions.tsv",
                "--output-dir",
                home + "/chosen"
            };
            RecordJob.run(spark, FilterConceptsMain::new, flags);
            Path there = temp.resolve("there");
            files.copyToLocalFile(
                    new org.apache.hadoop.fs.Path(home, "chosen"), new org.apache.hadoop.fs.Path(there.toUri()));
            assertSame(there, temp.resolve("here"));
            assertThat(files.listStatus(new org.apache.hadoop.fs.Path(home))).hasSize(2);
            assertThatThrownBy(() -> RecordJob.run(spark, FilterConceptsMain::new, flags))
                    .isInstanceOf(BadInputException.class)
                    .hasMessage(home + "/chosen already exists; give another address or remove it");
            assertThatThrownBy(() -> RecordJob.run(
                            spark, FilterConceptsMain::new, flags(home + "/gone.tsv", "--output-dir", home + "/x")))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageStartingWith(home + "/gone.tsv cannot be read (File does not exist");
        }
    }
}
