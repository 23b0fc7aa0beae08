from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("review", "0003_from_approvals")]

    operations = [
        migrations.DeleteModel(
            name='Approval',
        ),
        migrations.DeleteModel(
            name='HistoricalApproval',
        ),
        migrations.DeleteModel(
            name='ReleaseApprovalTask',
        ),
    ]
