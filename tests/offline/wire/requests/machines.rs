//! The answers of EC2 about a machine, its volume and an address that are like the samples.

/// The answer to an operation, where it is one of these.
pub(super) fn answers(operation: &str) -> Option<String> {
    let tags = "<tagSet><item><key>Name</key><value>gitlab-a</value></item>\
                <item><key>provision:stack</key><value>gitlab</value></item></tagSet>";
    let volume = |id: &str, size: u32, attachment: &str| {
        format!(
            "<item><volumeId>{id}</volumeId><size>{size}</size><availabilityZone>eu-west-1a</availabilityZone><status>in-use</status>\
             <volumeType>gp3</volumeType><iops>4000</iops><throughput>250</throughput><encrypted>true</encrypted>\
             <kmsKeyId>arn:aws:kms:eu-west-1:123456789012:key/1</kmsKeyId><attachmentSet>{attachment}</attachmentSet>{tags}</item>"
        )
    };
    let device = |name: &str, volume: &str| {
        format!(
            "<item><deviceName>{name}</deviceName><ebs><volumeId>{volume}</volumeId><status>attached</status></ebs></item>"
        )
    };
    let machine = format!(
        "<item><instanceId>i-1</instanceId><imageId>ami-0a1b2c3d</imageId><instanceState><code>16</code><name>running</name>\
         </instanceState><instanceType>t3.large</instanceType><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><keyName>admins</keyName>\
         <rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping>{}{}</blockDeviceMapping>\
         <networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><groupSet><item><groupId>sg-1</groupId></item></groupSet>\
         <attachment><deviceIndex>0</deviceIndex></attachment></item></networkInterfaceSet>\
         <iamInstanceProfile><arn>arn:aws:iam::123456789012:instance-profile/apps/gitlab-pair</arn></iamInstanceProfile>\
         <metadataOptions><httpTokens>required</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit></metadataOptions>\
         <placement><availabilityZone>eu-west-1a</availabilityZone></placement>{tags}</item>",
        device("/dev/xvda", "vol-root"),
        device("/dev/sdf", "vol-1"),
    );
    if operation == "GetParameter" {
        return Some(
            r#"{ "Parameter": { "Name": "/aws/service/image", "Value": "ami-0a1b2c3d" } }"#.to_owned(),
        );
    }
    let inner = match operation {
        "DescribeImages" => "<imagesSet><item><imageId>ami-0a1b2c3d</imageId><rootDeviceName>/dev/xvda</rootDeviceName></item></imagesSet>"
            .to_owned(),
        "RunInstances" => format!("<instancesSet>{machine}</instancesSet>"),
        "DescribeInstances" => {
            format!("<reservationSet><item><instancesSet>{machine}</instancesSet></item></reservationSet>")
        }
        "DescribeInstanceAttribute" => {
            "<instanceId>i-1</instanceId><disableApiTermination><value>true</value></disableApiTermination>".to_owned()
        }
        "DescribeInstanceStatus" => "<instanceStatusSet/>".to_owned(),
        "DescribeIamInstanceProfileAssociations" => {
            "<iamInstanceProfileAssociationSet><item><associationId>iip-assoc-1</associationId><instanceId>i-1</instanceId>\
             <state>associated</state></item></iamInstanceProfileAssociationSet>"
                .to_owned()
        }
        "DescribeVolumes" => format!(
            "<volumeSet>{}{}{}</volumeSet>",
            volume("vol-root", 20, ""),
            volume("vol-1", 100, "<item><instanceId>i-1</instanceId><device>/dev/sdf</device></item>"),
            volume("vol-2", 100, ""),
        ),
        "DescribeVolumesModifications" => "<volumeModificationSet/>".to_owned(),
        "CreateVolume" => "<volumeId>vol-1</volumeId><status>creating</status>".to_owned(),
        "AllocateAddress" => "<allocationId>eipalloc-1</allocationId><publicIp>198.51.100.1</publicIp>".to_owned(),
        "DescribeAddresses" => format!(
            "<addressesSet><item><allocationId>eipalloc-1</allocationId><associationId>eipassoc-1</associationId>\
             <instanceId>i-1</instanceId><publicIp>198.51.100.1</publicIp>{tags}</item></addressesSet>"
        ),
        "StopInstances" | "StartInstances" | "ModifyInstanceAttribute" | "ModifyInstanceMetadataOptions" | "ModifyVolume"
        | "AttachVolume" | "DetachVolume" | "AssociateAddress" | "DisassociateAddress" | "AssociateIamInstanceProfile"
        | "ReplaceIamInstanceProfileAssociation" | "DisassociateIamInstanceProfile" => "<return>true</return>".to_owned(),
        _ => return None,
    };
    Some(format!(
        "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">{inner}</{operation}Response>"
    ))
}
