package org.llava4j.data.spark;

import java.io.Serializable;
import java.util.function.Consumer;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.RDD;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/** Delivery of partition results as they arrive, where {@code collect} would wait for all. */
public final class PartitionResults {
    private PartitionResults() {}

    /**
     * Runs a job over partitions of one element each.
     *
     * @param each is called with every element, in any order, one at a time; an exception that it throws ends the job
     *     and is rethrown
     */
    public static <T> void forEach(JavaRDD<T> elements, Class<T> type, Consumer<T> each) {
        ClassTag<T> tag = ClassTag$.MODULE$.apply(type);
        RDD<T> rdd = elements.rdd();
        Handler<T> handler = new Handler<>(each);
        try {
            rdd.sparkContext().runJob(rdd, new Only<T>(), handler, tag);
        } catch (Exception e) { // Scala throws undeclared checked exceptions
            RuntimeException failure = handler.failure;
            if (failure != null) {
                throw failure;
            }
            throw new BadInputException("the Spark job failed: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason was reported")
                    + "; see the executors' logs, and run the command again to resume");
        }
    }

    private static final class Only<T> extends AbstractFunction2<TaskContext, Iterator<T>, T> implements Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public T apply(TaskContext context, Iterator<T> elements) {
            return elements.next();
        }
    }

    private static final class Handler<T> extends AbstractFunction2<Object, T, BoxedUnit> {
        private final Consumer<T> each;
        private volatile @Nullable RuntimeException failure;

        Handler(Consumer<T> each) {
            this.each = each;
        }

        @Override
        public BoxedUnit apply(Object partition, T element) {
            try {
                each.accept(element);
            } catch (RuntimeException e) {
                failure = e;
                throw e;
            }
            return BoxedUnit.UNIT;
        }
    }
}
