package org.llava4j.train.logging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.run.CheckpointPolicy;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.ListenerEvaluations;
import org.nd4j.autodiff.listeners.ListenerResponse;
import org.nd4j.autodiff.listeners.ListenerVariables;
import org.nd4j.autodiff.listeners.Loss;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.listeners.impl.HistoryListener;
import org.nd4j.autodiff.listeners.impl.ScoreListener;
import org.nd4j.autodiff.listeners.records.LossCurve;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.graph.FlatArray;
import org.nd4j.graph.UIAddName;
import org.nd4j.graph.UIEvent;
import org.nd4j.graph.UIEventType;
import org.nd4j.graph.UIGraphStructure;
import org.nd4j.graph.ui.LogFileWriter;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** A small stage with all listeners, interrupted once. */
class TrainingListenersTest {
    private static final int STEPS = 9;
    private static final int PER_EPOCH = 4;

    @TempDir
    private Path temp;

    private Path model;
    private Path out;
    private Path checkpoints;
    private Path uiLog;
    private Stage stage;

    @BeforeEach
    void createStage() {
        model = ModelFolders.llama(temp.resolve("model"));
        out = temp.resolve("out");
        checkpoints = temp.resolve("checkpoints");
        uiLog = temp.resolve("log/ui.bin");
        stage = Stages.with(Stages.named(Stages.FINETUNE), ShortStage.settings(1, STEPS));
    }

    @Test
    void resumedRunLogsEveryStepOnce() throws IOException {
        assertThat(run(listeners(6)).stopped()).isNotNull();
        assertThat(MonitoringFiles.list(checkpoints)).hasSize(3);
        assertThat(Files.readString(checkpoints.resolve("run.html")))
                .contains(">stopped</p>", "resume from it with --resume auto");
        // As if the process had been killed two steps later while writing a record.
        new UiLogSteps(uiLog).add(6, 7);
        run(listeners(0));
        assertThat(MonitoringFiles.list(checkpoints)).isEmpty();
        List<Path> files = MonitoringFiles.list(out);
        assertThat(files).hasSize(4);
        assertThat(ModelManifest.read(out).differences(out)).isEmpty();
        assertThat(Files.readString(out.resolve("run.html")))
                .contains(">finished</p>", "frozen, bit-identical", "<th scope=\"row\">maxSteps</th><td>9</td>");
        Map<Integer, Double> logged = logged();
        assertThat(logged).hasSize(STEPS);
        List<Long> steps = new ArrayList<>();
        for (Path events : files.subList(0, 2)) {
            for (TensorBoardEventFile.Event event : TensorBoardEventFile.read(events)) {
                if (event.scalars().containsKey("loss")) {
                    steps.add(event.step());
                    assertThat(event.scalars().get("loss"))
                            .isEqualTo(logged.get((int) event.step()).floatValue());
                }
            }
        }
        assertThat(steps)
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, STEPS).mapToObj(Long::valueOf).toList());
        assertUiLogHas(logged);
        Path alone = temp.resolve("alone");
        StageRunner.run(
                stage,
                paths(alone),
                RunOptions.DEFAULT.withCheckpointPolicy(
                        new CheckpointPolicy(temp.resolve("unwatched"), 0, 1, CheckpointPolicy.ResumeMode.NEVER)),
                TrainingListener.NONE);
        assertThat(Files.mismatch(out.resolve("model.safetensors"), alone.resolve("model.safetensors")))
                .as("listeners do not change the result")
                .isEqualTo(-1);
    }

    @Test
    void runWithoutCheckpointsWritesFilesToOutput() {
        StageRunner.run(
                stage, paths(out), RunOptions.DEFAULT, TrainingListener.all(new TensorBoardLog(), new RunPage()));
        assertThat(MonitoringFiles.list(out)).hasSize(3);
        assertThat(ModelManifest.read(out).differences(out)).isEmpty();
    }

    @Test
    void failureIsReportedToListeners() {
        TrainingListener failing = progress -> {
            if (progress.step().step() == 3) {
                throw new BadInputException("failure of the fourth step");
            }
        };
        assertThatThrownBy(() -> run(TrainingListener.all(new RunPage(), failing)))
                .hasMessage("failure of the fourth step");
        assertThat(checkpoints.resolve("run.html")).content().contains(">failed</p>", "failure of the fourth step");
        assertThat(out).doesNotExist();
    }

    @Test
    void sameDiffListenersGetCallbacksOfFit() {
        Calls calls = new Calls(Integer.MAX_VALUE);
        HistoryListener history =
                new HistoryListener(ListenerEvaluations.builder().build());
        run(new SameDiffListeners(calls, history, new ScoreListener(1)));
        assertThat(calls.calls)
                .startsWith("TRAINING begins", "epoch 0 begins", "0/0 begins", "0/0 done, 2 rows", "0/1 begins")
                .containsSubsequence("0/3 done, 2 rows", "epoch 0 ends", "epoch 1 begins", "1/4 begins")
                .endsWith("2/8 done, 2 rows", "epoch 2 ends", "TRAINING ends")
                .hasSize(2 + 2 * 3 + 2 * STEPS);
        assertThat(history.getReport().getLossCurve().meanLoss("loss")).hasSize(3);
    }

    @Test
    void listenerStopsRun() {
        assertThat(run(new SameDiffListeners(new Calls(0))).stopped())
                .startsWith("stopped after step " + (PER_EPOCH + 1));
    }

    @Test
    void listenerRequiringActivationsIsRejected() {
        BaseListener greedy = new BaseListener() {
            @Override
            public boolean isActive(Operation operation) {
                return true;
            }

            @Override
            public ListenerVariables requiredVariables(SameDiff graph) {
                return ListenerVariables.builder().trainingVariables("logits").build();
            }
        };
        assertThatThrownBy(() -> run(new SameDiffListeners(greedy)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("requires the activations [logits]");
    }

    @Test
    void uiLogRejectsForeignFile() throws IOException {
        Files.createDirectories(uiLog.getParent());
        Files.writeString(uiLog, "notes of the user");
        assertThatThrownBy(() -> run(new UiListenerLog(uiLog)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("exists and is not a UIListener log");
        assertThat(uiLog).hasContent("notes of the user");
    }

    /** Display outputs neither end nor change a run. */
    @Test
    void unwritableDisplaysDoNotEndRun() throws IOException {
        run(TrainingListener.NONE);
        byte[] expected = Files.readAllBytes(out.resolve("model.safetensors"));
        AtomicFolder.delete(out);
        Files.createDirectories(checkpoints.resolve("run.html/in the way"));
        List<String> notices = new ArrayList<>();
        TrainingListener recorder = new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {
                // Only notices matter.
            }

            @Override
            public void notice(String line) {
                notices.add(line);
            }
        };
        run(TrainingListener.all(new UiListenerLog(Path.of("/dev/full")), new RunPage(), recorder));
        assertThat(notices).hasSize(2);
        assertThat(notices.get(0))
                .startsWith("cannot write the UI log /dev/full")
                .contains("not a regular file");
        assertThat(notices.get(1)).startsWith("cannot write the page run.html").endsWith("continues without it");
        assertThat(out.resolve("model.safetensors")).hasBinaryContent(expected);
        assertThat(out.resolve("run.html")).doesNotExist();
    }

    private void assertUiLogHas(Map<Integer, Double> logged) throws IOException {
        LogFileWriter log = new LogFileWriter(uiLog.toFile());
        UIGraphStructure graph =
                (UIGraphStructure) log.readStatic().getData().get(0).getSecond();
        List<String> variables = IntStream.range(0, graph.variablesLength())
                .mapToObj(i -> graph.variables(i).name())
                .toList();
        assertThat(variables).contains("loss", "projected", "model.mm_projector.weight");
        Map<Integer, String> names = new TreeMap<>();
        Map<String, Map<Integer, Double>> found = new TreeMap<>();
        for (var event : log.readEvents()) {
            UIEvent head = event.getFirst();
            if (head.eventType() == UIEventType.ADD_NAME) {
                UIAddName name = (UIAddName) event.getSecond();
                names.put(name.nameIdx(), name.name());
            } else {
                double value =
                        Nd4j.createFromFlatArray((FlatArray) event.getSecond()).getDouble(0);
                Double before = found.computeIfAbsent(names.get(head.nameIdx()), name -> new TreeMap<>())
                        .put(head.iteration() + 1, value);
                assertThat(before).isNull();
                assertThat(head.epoch()).isEqualTo(head.iteration() / PER_EPOCH);
            }
        }
        assertThat(found).containsOnlyKeys("losses/loss", "learningRate").containsEntry("losses/loss", logged);
        assertThat(found.get("learningRate")).hasSize(STEPS).containsEntry(1, 0.0);
        assertThat(found.get("learningRate").get(2)).isEqualTo(stage.optimizer().learningRate());
    }

    private Map<Integer, Double> logged() throws IOException {
        Map<Integer, Double> losses = new TreeMap<>();
        for (String line : Files.readAllLines(out.resolve("metrics.jsonl"))) {
            JsonNode values = new ObjectMapper().readTree(line);
            losses.put(values.path("step").asInt(), values.path("loss").asDouble());
        }
        return losses;
    }

    /** @param stop step to stop after; 0 for none */
    private TrainingListener listeners(int stop) {
        TrainingListener stopping = new TrainingListener() {
            private int last;

            @Override
            public void stepDone(Progress progress) {
                last = progress.step().step();
            }

            @Override
            public boolean shouldStop() {
                return last == stop;
            }
        };
        return TrainingListener.all(new TensorBoardLog(), new RunPage(), new UiListenerLog(uiLog), stopping);
    }

    private RunReport run(TrainingListener listener) {
        CheckpointPolicy policy = new CheckpointPolicy(checkpoints, 0, 1, CheckpointPolicy.ResumeMode.AUTO);
        return StageRunner.run(stage, paths(out), RunOptions.DEFAULT.withCheckpointPolicy(policy), listener);
    }

    private RunPaths paths(Path output) {
        return RunPaths.of(model, Golden.path("f_e2e/finetune.json"), ModelFolders.IMAGES, output)
                .withVisionTower(ModelFolders.TOWER);
    }

    /** Appends steps to a log, then an incomplete record. */
    private record UiLogSteps(Path file) {
        void add(int... iterations) throws IOException {
            LogFileWriter log = new LogFileWriter(file.toFile());
            for (int iteration : iterations) {
                log.writeScalarEvent("losses/loss", LogFileWriter.EventSubtype.LOSS, 0, iteration, 1, 99.0);
            }
            byte[] bytes = Files.readAllBytes(file);
            Files.write(file, Arrays.copyOf(bytes, bytes.length - 3));
        }
    }

    /** Records all callbacks. */
    private static final class Calls extends BaseListener {
        private final List<String> calls = new ArrayList<>();
        private final int stopAtEpoch;

        Calls(int stopAtEpoch) {
            this.stopAtEpoch = stopAtEpoch;
        }

        @Override
        public boolean isActive(Operation operation) {
            return operation == Operation.TRAINING;
        }

        @Override
        public void operationStart(SameDiff graph, Operation operation) {
            calls.add(operation + " begins");
        }

        @Override
        public void operationEnd(SameDiff graph, Operation operation) {
            calls.add(operation + " ends");
        }

        @Override
        public void epochStart(SameDiff graph, At at) {
            calls.add("epoch " + at.epoch() + " begins");
        }

        @Override
        public ListenerResponse epochEnd(SameDiff graph, At at, LossCurve curve, long elapsedMs) {
            calls.add("epoch " + at.epoch() + " ends");
            assertThat(curve.losses()).hasSize(at.epoch() + 1);
            return at.epoch() >= stopAtEpoch ? ListenerResponse.STOP : ListenerResponse.CONTINUE;
        }

        @Override
        public void iterationStart(SameDiff graph, At at, MultiDataSet data, long etlMs) {
            calls.add(at.epoch() + "/" + at.iteration() + " begins");
        }

        @Override
        public void iterationDone(SameDiff graph, At at, MultiDataSet data, Loss loss) {
            calls.add(at.epoch() + "/" + at.iteration() + " done, "
                    + data.getFeatures(0).size(0) + " rows");
            assertThat(loss.totalLoss()).isPositive();
        }
    }
}
