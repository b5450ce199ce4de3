package org.llava4j.train.logging;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.nd4j.autodiff.listeners.impl.UIListener;
import org.nd4j.graph.UIEvent;
import org.nd4j.graph.UIEventType;
import org.nd4j.graph.UIInfoType;
import org.nd4j.graph.UIStaticInfoRecord;

/**
 * Log of DL4J's {@link UIListener}: the graph, then loss and learning rate of every step. A resumed run continues the
 * same file after removing the steps after the checkpoint.
 */
public final class UiListenerLog implements TrainingListener {
    private static final int LENGTH_BYTES = 2 * Integer.BYTES;

    private final Path file;
    private final DisplayGuard guard;
    private SameDiffListeners listener = new SameDiffListeners();

    /** @param file a new file, or the log of an earlier run */
    public UiListenerLog(Path file) {
        this.file = file;
        this.guard = new DisplayGuard("the UI log " + file);
    }

    /**
     * @throws BadInputException if the file is not such a log
     */
    @Override
    public void trainingStarted(RunStart start) {
        guard.reportTo(start.notices());
        requireOwnLog();
        guard.attempt(() -> {
            Files.createDirectories(file.toAbsolutePath().getParent());
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                throw new IOException("it is not a regular file");
            }
            if (Files.exists(file) && Files.size(file) > 0) {
                truncate(start.before().steps());
            }
            listener = new SameDiffListeners(
                    UIListener.builder(file.toFile()).learningRate(1).build());
            listener.trainingStarted(start);
        });
    }

    /** Refuses to overwrite a file that is not a UIListener log. */
    private void requireOwnLog() {
        try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
            if (Files.isRegularFile(file) && log.length() > 0 && !hasEvents(log)) {
                throw new BadInputException(file + " exists and is not a UIListener log; choose another file");
            }
        } catch (IOException e) {
            // Missing or unreadable: created next, or reported as not writable.
            return;
        }
    }

    private static boolean hasEvents(RandomAccessFile log) throws IOException {
        try {
            for (ByteBuffer header = next(log); header != null; header = next(log)) {
                if (startsEvents(header)) {
                    return true;
                }
            }
            return false;
        } catch (IndexOutOfBoundsException e) {
            // Not a header: its offsets are out of bounds.
            return false;
        }
    }

    private static boolean startsEvents(ByteBuffer header) {
        return UIStaticInfoRecord.getRootAsUIStaticInfoRecord(header).infoType() == UIInfoType.START_EVENTS;
    }

    /** Truncates the log before an iteration, and removes an incomplete record at its end. */
    private void truncate(int iteration) throws IOException {
        try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "rw")) {
            boolean events = false;
            long end = 0;
            for (ByteBuffer header = next(log); header != null; header = next(log)) {
                if (events) {
                    UIEvent event = UIEvent.getRootAsUIEvent(header);
                    if (event.eventType() != UIEventType.ADD_NAME && event.iteration() >= iteration) {
                        break;
                    }
                } else {
                    events = startsEvents(header);
                }
                end = log.getFilePointer();
            }
            log.setLength(iteration == 0 ? 0 : end);
        }
    }

    /**
     * Reads the header of the next record and skips its content.
     *
     * @return the header, or null if there is no complete record
     */
    private static @Nullable ByteBuffer next(RandomAccessFile log) throws IOException {
        long left = log.length() - log.getFilePointer() - LENGTH_BYTES;
        if (left < 0) {
            return null;
        }
        int header = log.readInt();
        int content = log.readInt();
        if (header < LENGTH_BYTES || content < 0 || (long) header + content > left) {
            return null;
        }
        byte[] bytes = new byte[header];
        log.readFully(bytes);
        log.seek(log.getFilePointer() + content);
        return ByteBuffer.wrap(bytes);
    }

    @Override
    public void stepStarted(int epoch, int step) {
        guard.attempt(() -> listener.stepStarted(epoch, step));
    }

    @Override
    public void stepDone(Progress progress) {
        guard.attempt(() -> listener.stepDone(progress));
    }

    @Override
    public void trainingEnded() {
        guard.attempt(listener::trainingEnded);
    }
}
